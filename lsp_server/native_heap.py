"""How glibc keeps memory for the threads and the large blocks of a process that lives for hours.

By default each thread has a heap of its own, and what one has free is of no use to the others:
texts and trees come and go in the threads that gather and parse.  And a block of some megabytes
that was freed once makes glibc put all such blocks among the small ones, where they leave holes
that nothing fills: saved states of the KV cache, large documents.
"""

from __future__ import annotations

import ctypes
import sys

#: From glibc's `malloc.h`.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

#: Larger blocks stand apart and go back to the system when they are freed.  Documents of a usual
#: size are smaller: to ask the system for each costs more than the rest of an edit.
_LARGE_BYTES = 512 * 1024
#: glibc's own proportion of the two.
_KEPT_FREE_BYTES = 2 * _LARGE_BYTES


def keep_heap_small() -> None:
    """Let all threads share one heap, and keep large blocks out of it.

    To be called before the first thread is started: glibc decides with the first heap that it
    makes for one.  Does nothing without glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_FREE_BYTES)
