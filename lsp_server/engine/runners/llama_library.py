"""llama.cpp itself: started once in a process, its log in ours.

Importing this module loads the native library, so only a process that runs models does so.
"""

from __future__ import annotations

import collections
import ctypes
import logging
import threading

import llama_cpp

logger = logging.getLogger("lsp_server.llama_cpp")

# `ggml_log_level` in ggml.h: 1 debug, 2 information, 3 warning, 4 error, 5 rest of a line.
# What llama.cpp calls information is hundreds of lines for each model, and its warnings are
# meant for those who convert models.  Errors are kept until it is known whether something
# failed: a call that we abort ourselves complains, too.
_LEVELS = {3: logging.INFO}
_ERROR = 4
_CONTINUED = 5

_start_lock = threading.Lock()
_is_started = False
_recent_errors: collections.deque[str] = collections.deque(maxlen=8)


def start_library() -> None:
    """Start llama.cpp and send its log to ours; the first call does it."""
    global _is_started
    with _start_lock:
        if _is_started:
            return
        llama_cpp.llama_log_set(_log_callback, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        _is_started = True


def can_offload() -> bool:
    """Return whether this build of the library computes on a GPU."""
    return bool(llama_cpp.llama_supports_gpu_offload())


def may_repack_weights() -> bool:
    """Return whether weights may be laid out anew for this processor when a model is loaded.

    A library that was built for AMX lays them out for its tiles.  Compiled by one of many versions
    of GCC it then ends the process at the first prefill; repaired, it still does so for a model
    with latent attention (trap 13 of docs/engine-facts.md).
    """
    return b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info()


def forget_errors() -> None:
    """Forget what llama.cpp complained of so far."""
    _recent_errors.clear()


def take_reason() -> str:
    """Log what llama.cpp complained of since `forget_errors`, because something failed.

    Returns:
        Its first complaint, from which later ones follow, as the end of a sentence: `: ...`, or
        nothing.
    """
    for line in _recent_errors:
        logger.error("%s", line)
    return f": {_recent_errors[0]}" if _recent_errors else ""


def _log(level: int, text: bytes, _user_data: object) -> None:
    line = text.decode(errors="replace").strip()
    if not line or level == _CONTINUED:
        return
    if level == _ERROR:
        _recent_errors.append(line)
    logger.log(_LEVELS.get(level, logging.DEBUG), "%s", line)


#: Kept alive here: the library holds only its address.
_log_callback = llama_cpp.llama_log_callback(_log)
