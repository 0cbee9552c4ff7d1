"""Notice that the client's process is gone, even when its end of the pipe lives on in a child.

LSP 3.18, `InitializeParams.processId`: "If the parent process is not alive then the server
should exit".  A client in another container, whose number means nothing here, sends null.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable

_POLL_S = 0.5


def watch_parent(pid: int, on_gone: Callable[[], None]) -> None:
    """Call `on_gone` on a thread of its own when a process ends, or at once if there is none."""
    threading.Thread(
        target=_wait_and_tell, args=(pid, on_gone), name="parent watch", daemon=True
    ).start()


def _wait_and_tell(pid: int, on_gone: Callable[[], None]) -> None:
    if sys.platform == "win32":
        # Nothing to ask there without a handle; the end of input tells the same.
        return
    if sys.platform == "linux":
        _wait_for_descriptor(pid)
    else:
        _wait_by_asking(pid)
    on_gone()


def _wait_for_descriptor(pid: int) -> None:
    """Wait for a process that may be any: its number cannot pass to another one meanwhile."""
    try:
        descriptor = os.pidfd_open(pid)
    except (ProcessLookupError, OverflowError):
        return
    except OSError:
        # A kernel before 5.3, or a sandbox that does not know the call.
        _wait_by_asking(pid)
        return
    with os.fdopen(descriptor):
        select.select([descriptor], [], [])


def _wait_by_asking(pid: int) -> None:
    while _is_there(pid):
        time.sleep(_POLL_S)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
