"""Sizes of multi-head latent attention that llama.cpp relies on without a check.

Source: src/models/deepseek2.cpp and src/llama-model.cpp of llama.cpp in llama-cpp-python 0.3.36.
"""

from __future__ import annotations

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import GgufHeader

_ARCHITECTURE = "deepseek2"


def require_sound_latent_attention(header: GgufHeader) -> None:
    """Check the head sizes of a DeepSeek-V2 model; other architectures have none of these.

    A part of each head is rotated by its position and a part is not, so neither may be empty.
    Where keys and values are cached as one latent vector, the cache has one head, which holds
    that vector and the rotated part.

    Raises:
        ModelFileError: They would end the process.
    """
    if header.metadata.text("general.architecture") != _ARCHITECTURE:
        return
    num_heads = _number(header, "attention.head_count")
    key_length = _number(header, "attention.key_length")
    if not key_length and num_heads:
        key_length = _number(header, "embedding_length") // num_heads
    key_length_mla = _number(header, "attention.key_length_mla")
    is_latent = bool(key_length_mla and _number(header, "attention.value_length_mla"))
    head_length = key_length_mla if is_latent else key_length
    rotated = _number(header, "rope.dimension_count", otherwise=key_length)
    if not 1 <= rotated < head_length:
        raise _error(header, "rope.dimension_count", rotated, f"1 to less than {head_length}")
    num_cached_heads = _number(header, "attention.head_count_kv", otherwise=num_heads)
    if not is_latent:
        _require(header, "attention.head_count_kv", num_cached_heads, num_heads)
        return
    latent = _number(header, "attention.kv_lora_rank")
    _require(header, "attention.head_count_kv", num_cached_heads, 1)
    _require(header, "attention.key_length", key_length, latent + rotated)
    _require(header, "attention.value_length", _number(header, "attention.value_length"), latent)


def _number(header: GgufHeader, name: str, *, otherwise: int = 0) -> int:
    value = header.metadata.try_integer(f"{_ARCHITECTURE}.{name}")
    return otherwise if value is None else value


def _require(header: GgufHeader, name: str, value: int, wanted: int) -> None:
    if value != wanted:
        raise _error(header, name, value, str(wanted))


def _error(header: GgufHeader, name: str, value: int, wanted: str) -> ModelFileError:
    return ModelFileError(
        f"{header.path}: the metadata value {_ARCHITECTURE}.{name} is {value}; it must be {wanted} "
        "in this model: download or convert the model again"
    )
