"""Keep large tensors' memory in the process, since fetching it anew costs more than filling it.

By default the C library gives every freed block of 32 MiB and more back to the system, and each
next one has its pages cleared again; a product of two matrices then took a quarter of the time.
"""

from __future__ import annotations

import ctypes
import os
import sys

# From <malloc.h>.
_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_MAX = -4

_LARGEST = 2**31 - 1
_TOP_PAD_BYTES = 256 << 20


def keep_freed_memory() -> None:
    """Let freed memory wait for its next use; call before PyTorch is imported.

    Does nothing where the C library is not glibc.
    """
    # PyTorch reads this when it is loaded: large tensors in large pages.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _LARGEST), (_M_TOP_PAD, _TOP_PAD_BYTES))
    for parameter, value in settings:
        libc.mallopt(parameter, value)
