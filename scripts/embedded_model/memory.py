"""Keep large tensors' memory in the process, since fetching it anew costs more than filling it.

By default the C library gives every freed block of 32 MiB and more back to the system, and each
next one has its pages cleared again; a product of two matrices then took a quarter of the time.
"""

from __future__ import annotations

import os

from lsp_server.native_heap import MallocOption, set_malloc_options

_LARGEST = 2**31 - 1
_TOP_PAD_BYTES = 256 << 20


def keep_freed_memory() -> None:
    """Let freed memory wait for its next use; call before PyTorch is imported."""
    # PyTorch reads this when it is loaded: large tensors in large pages.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    set_malloc_options(
        {
            MallocOption.MMAP_MAX: 0,
            MallocOption.TRIM_THRESHOLD: _LARGEST,
            MallocOption.TOP_PAD: _TOP_PAD_BYTES,
        }
    )
