"""What a model file is and what it needs, from its header alone."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from lsp_server.models.catalogue import find_model
from lsp_server.models.chat_formats import find_chat_format
from lsp_server.models.engine_names import split_library
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import GgufHeader, read_gguf_header, require_weights
from lsp_server.models.gguf_metadata import Metadata
from lsp_server.models.soundness import require_sound

#: What the engine reserves unless `engine.context_tokens` says otherwise: the model's own
#: context, to this many tokens.
DEFAULT_CONTEXT_TOKENS = 4_096
COMPLETES_BY_CHAT = "It completes through its chat template."
#: Keys and values are cached in 16 bits.
_BYTES_PER_CACHED_NUMBER = 2


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model file.

    Attributes:
        path: The file.
        name: `general.name`, or the file's name.
        architecture: `general.architecture`.
        num_parameters: Numbers in all tensors.
        quantisation: How most of them are packed.
        context_tokens: Tokens that the model was trained for, or `None` if the file hides it.
        fim_format: How it fills in the middle, or `None`: it cannot.
        fim_reason: How that was found.
        has_chat: Whether it can be asked in turns, which is how it completes if it cannot fill in.
        chat_reason: How that was found.
        file_bytes: Size of the file.
        kv_bytes_per_token: Memory of one token in the KV cache, or `None` if unknown.
        memory_bytes: Weights and a KV cache for `reserved_tokens`; the library's own working
            memory comes on top.
        reserved_tokens: Tokens that the engine reserves by default.
    """

    path: str
    name: str
    architecture: str
    num_parameters: int
    quantisation: str
    context_tokens: int | None
    fim_format: str | None
    fim_reason: str
    has_chat: bool
    chat_reason: str
    file_bytes: int
    kv_bytes_per_token: int | None
    memory_bytes: int
    reserved_tokens: int

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values."""
        return asdict(self)


def facts_of(name: str) -> ModelFacts:
    """Return what a model is, by catalogue id or absolute path, with or without a library.

    Raises:
        ModelError: There is no such model, or its file is none that the engine accepts.
    """
    header = read_gguf_header(find_model(split_library(name)[1]).path)
    require_weights(header)
    require_sound(header)
    return model_facts(header)


def model_facts(header: GgufHeader) -> ModelFacts:
    """Return what a header says.

    Raises:
        ModelFileError: The file does not name its architecture, or a value has the wrong type.
    """
    metadata = header.metadata
    architecture = metadata.text("general.architecture")
    context_tokens = metadata.try_integer(f"{architecture}.context_length")
    reserved_tokens = min(context_tokens or DEFAULT_CONTEXT_TOKENS, DEFAULT_CONTEXT_TOKENS)
    kv_bytes_per_token = _kv_bytes_per_token(metadata, architecture)
    weight_bytes = sum(tensor.num_bytes for tensor in header.tensors)
    finding = find_fim_format(header)
    chat = find_chat_format(header)
    return ModelFacts(
        path=str(header.path),
        name=metadata.try_text("general.name") or header.path.name,
        architecture=architecture,
        num_parameters=sum(math.prod(tensor.shape) for tensor in header.tensors),
        quantisation=_quantisation(header),
        context_tokens=context_tokens,
        fim_format=finding.format_id,
        fim_reason=finding.reason,
        has_chat=chat.template is not None,
        chat_reason=chat.reason,
        file_bytes=header.file_bytes,
        kv_bytes_per_token=kv_bytes_per_token,
        memory_bytes=weight_bytes + reserved_tokens * (kv_bytes_per_token or 0),
        reserved_tokens=reserved_tokens,
    )


def _quantisation(header: GgufHeader) -> str:
    num_elements: Counter[str] = Counter()
    for tensor in header.tensors:
        num_elements[tensor.type.name] += math.prod(tensor.shape)
    if not num_elements:
        return "none"
    return num_elements.most_common(1)[0][0]


def _kv_bytes_per_token(metadata: Metadata, architecture: str) -> int | None:
    """Return layers x heads x (key length + value length) x 2 bytes; see llama-kv-cache.cpp."""
    num_layers = metadata.try_integer(f"{architecture}.block_count")
    num_heads = metadata.try_integer(f"{architecture}.attention.head_count")
    embedding_length = metadata.try_integer(f"{architecture}.embedding_length")
    if not num_layers or not num_heads or not embedding_length:
        return None
    key_length = metadata.try_integer(f"{architecture}.attention.key_length")
    value_length = metadata.try_integer(f"{architecture}.attention.value_length")
    head_length = embedding_length // num_heads
    num_kv_heads = _num_kv_heads(metadata, architecture, num_layers, num_heads)
    numbers_per_head = (key_length or head_length) + (value_length or head_length)
    return num_kv_heads * numbers_per_head * _BYTES_PER_CACHED_NUMBER


def _num_kv_heads(metadata: Metadata, architecture: str, num_layers: int, num_heads: int) -> int:
    """Return the key-value heads of all layers together; some files give one number a layer."""
    key = f"{architecture}.attention.head_count_kv"
    entry = metadata.entries.get(key)
    if entry is None:
        return num_layers * num_heads
    if isinstance(entry.value, int):
        return num_layers * entry.value
    return sum(metadata.integers(key))
