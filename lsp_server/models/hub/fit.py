"""How much memory a model takes, before it is downloaded."""

from __future__ import annotations

from lsp_server.models.hub.entry import HubFile, HubModel

#: What the engine reserves unless `engine.context_tokens` says otherwise.
RESERVED_TOKENS = 4_096

#: Bits per weight over a whole file, rounded up; for files whose size was not read.
_BITS_PER_WEIGHT = {"Q4_0": 4.7, "Q4_K_M": 5.0, "Q8_0": 8.6}
QUANTISATIONS = frozenset(_BITS_PER_WEIGHT)


def estimated_file_bytes(model: HubModel, file: HubFile) -> int:
    """Return a file's size, as read or from parameters and quantisation."""
    if file.file_bytes is not None:
        return file.file_bytes
    return round(model.parameters * _BITS_PER_WEIGHT[file.quantisation] / 8)


def estimated_memory_bytes(model: HubModel, file: HubFile) -> int:
    """Return the memory of weights and a KV cache for the tokens that the engine reserves.

    Where the model's layers were not read, the weights alone.
    """
    kv_bytes_per_token = model.attention.kv_bytes_per_token if model.attention else 0
    tokens = min(model.context_tokens, RESERVED_TOKENS)
    return estimated_file_bytes(model, file) + tokens * kv_bytes_per_token


def fits(memory_bytes: int, available_bytes: int | None) -> bool | None:
    """Return whether a model fits; `None` where the system does not say what is available."""
    return None if available_bytes is None else memory_bytes <= available_bytes
