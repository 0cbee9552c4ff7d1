"""Python's search for garbage, kept away from objects that live as long as the process.

A full search looks at every object there is: 12 to 30 ms, in which no key is answered and no step
computed, for some 60,000 that imports and a loaded model have left and that never become garbage.
"""

from __future__ import annotations

import gc


def leave_out_lasting_objects() -> None:
    """Let later searches leave out whatever is alive now.

    For moments after which little is made that lasts: the start is over, a model is loaded.  What
    an earlier call left out and has become garbage since is found now; the first call is free.
    """
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.freeze()
