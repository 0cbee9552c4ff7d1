"""Whether a model fits into memory, before the library tries."""

from __future__ import annotations

from lsp_server.engine.machine import available_memory_bytes
from lsp_server.errors import ModelLoadError
from lsp_server.models.gguf import GgufHeader

#: Keys and values are kept in F16.
_BYTES_PER_VALUE = 2

_GIB = 1024**3


def kv_cell_bytes(header: GgufHeader) -> int:
    """Return the bytes that one KV cell takes over all layers; 0 if the header does not say."""
    metadata = header.metadata
    architecture = metadata.text("general.architecture")
    num_layers = metadata.try_integer(f"{architecture}.block_count") or 0
    num_heads = _largest(header, f"{architecture}.attention.head_count")
    num_kv_heads = _largest(header, f"{architecture}.attention.head_count_kv") or num_heads
    width = metadata.try_integer(f"{architecture}.embedding_length") or 0
    head_size = width // num_heads if num_heads else 0
    key_size = metadata.try_integer(f"{architecture}.attention.key_length") or head_size
    value_size = metadata.try_integer(f"{architecture}.attention.value_length") or head_size
    return num_layers * num_kv_heads * (key_size + value_size) * _BYTES_PER_VALUE


def model_bytes(header: GgufHeader, num_cells: int) -> int:
    """Return what the weights and the KV cells of a model take."""
    return header.file_bytes + num_cells * kv_cell_bytes(header)


def check_memory(header: GgufHeader, num_cells: int) -> None:
    """Check that weights and KV cells fit into the memory that is available now.

    Where the system does not say how much that is, the library finds out.

    Raises:
        ModelLoadError: They do not.
    """
    available_bytes = available_memory_bytes()
    kv_bytes = num_cells * kv_cell_bytes(header)
    if available_bytes is None or header.file_bytes + kv_bytes <= available_bytes:
        return
    raise ModelLoadError(
        f"{header.path.name} needs {_gib(header.file_bytes)} for its weights and "
        f"{_gib(kv_bytes)} for {num_cells} KV cells, and {_gib(available_bytes)} of memory are "
        "available: choose a smaller model or a stronger quantisation, lower "
        "engine.context_tokens, or close other programs"
    )


def _largest(header: GgufHeader, key: str) -> int:
    """Return a number, or the largest one where the file has one for each layer."""
    value = header.metadata.value(key)
    if isinstance(value, int):
        return value
    return max(header.metadata.try_integers(key) or (), default=0) if value is not None else 0


def _gib(num_bytes: int) -> str:
    return f"{num_bytes / _GIB:.1f} GiB"
