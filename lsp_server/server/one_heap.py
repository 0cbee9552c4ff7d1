"""One heap for all threads; by default glibc gives each a heap of its own, and more memory goes.

Texts and trees come and go in the threads that gather and parse; what a heap of their own has
free is of no use to the others.
"""

from __future__ import annotations

import ctypes
import sys

#: glibc's `M_ARENA_MAX`, from its `malloc.h`.
_M_ARENA_MAX = -8


def use_one_heap() -> None:
    """Let all threads share one heap; to be called before the first of them is started.

    glibc decides with the first heap that it makes for a thread.  Does nothing without glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
