"""Whether llama.cpp moves the KV cells of a model rightly; its own answer is not enough.

The K-shift applies YaRN's magnitude factor anew to every cell, whether it moves or not, so such
models answer wrongly after any move.  See `docs/engine-facts.md`, traps 1 and 2.  Keys are in F16
here and sliding-window caches have full size, so the other traps do not arise.
"""

from __future__ import annotations

import ctypes

import llama_cpp

from lsp_server.engine.runners.base import ShiftSupport

_MAX_VALUE_BYTES = 256


def find_shift_support(model: object, memory: object) -> ShiftSupport:
    """Return whether cells of a loaded model may move, with the reason in words.

    Args:
        model: A `llama_model` pointer.
        memory: The memory of its context, with keys in F16 and a full-size window cache.
    """
    if not llama_cpp.llama_memory_can_shift(memory):
        return ShiftSupport(False, "llama.cpp cannot move cells of this architecture")
    architecture = _metadata(model, "general.architecture") or ""
    scaling = _metadata(model, f"{architecture}.rope.scaling.type") or "none"
    # DeepSeek-V2's files carry this multiplier; llama.cpp cancels the factor for them.
    multiplier = _metadata(model, f"{architecture}.rope.scaling.yarn_log_multiplier")
    if scaling == "yarn" and not float(multiplier or 0.0):
        return ShiftSupport(
            False, "its positions are scaled by YaRN, and llama.cpp damages all cells by a move"
        )
    if float(_metadata(model, f"{architecture}.rope.scaling.attn_factor") or 1.0) != 1.0:
        return ShiftSupport(
            False, "its attention is scaled by position, and llama.cpp damages cells by a move"
        )
    return ShiftSupport(True, f"moved cells of {architecture} stay right (scaling: {scaling})")


def _metadata(model: object, key: str) -> str | None:
    """Return a value of the model file as text, or `None` if there is none."""
    buffer = ctypes.create_string_buffer(_MAX_VALUE_BYTES)
    length = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return None if length < 0 else buffer.value.decode(errors="replace")
