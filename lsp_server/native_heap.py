"""How glibc keeps memory for the threads and the large blocks of a process that lives for hours.

By default each thread has a heap of its own, and what one has free is of no use to the others:
texts and trees come and go in the threads that gather and parse.  And a block of some megabytes
that was freed once makes glibc put all such blocks among the small ones, where they leave holes
that nothing fills: saved states of the KV cache, large documents.
"""

from __future__ import annotations

import ctypes
import enum
import sys
from collections.abc import Mapping

#: Larger blocks stand apart and go back to the system when they are freed.  Documents of a usual
#: size are smaller: to ask the system for each costs more than the rest of an edit.
_LARGE_BYTES = 512 * 1024
#: glibc's own proportion of the two.
_KEPT_FREE_BYTES = 2 * _LARGE_BYTES


class MallocOption(enum.IntEnum):
    """What `mallopt` can set, from glibc's `malloc.h`."""

    TRIM_THRESHOLD = -1
    TOP_PAD = -2
    MMAP_THRESHOLD = -3
    MMAP_MAX = -4
    ARENA_MAX = -8


def keep_heap_small() -> None:
    """Let all threads share one heap, and keep large blocks out of it.

    To be called before the first thread is started: glibc decides with the first heap that it
    makes for one.  Does nothing without glibc.
    """
    set_malloc_options(
        {
            MallocOption.ARENA_MAX: 1,
            MallocOption.MMAP_THRESHOLD: _LARGE_BYTES,
            MallocOption.TRIM_THRESHOLD: _KEPT_FREE_BYTES,
        }
    )


def set_malloc_options(options: Mapping[MallocOption, int]) -> None:
    """Set how the C library keeps memory; does nothing without glibc."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)
