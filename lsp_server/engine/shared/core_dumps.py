"""Keep the documents of every window out of core dumps, and other processes out of the memory."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import sys

LOGGER = logging.getLogger(__name__)

#: prctl(2).
_PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Let this process leave no core, and no debugger of the same user look into it.

    The limit alone does not stop a handler that the system pipes cores to (core(5)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        LOGGER.warning(
            "cannot forbid core dumps by prctl: %s; the limit of size 0 stays",
            os.strerror(ctypes.get_errno()),
        )
