"""What a model's header says of its size and its memory."""

from __future__ import annotations

from pathlib import Path

from lsp_server.cli.model_facts import model_facts
from lsp_server.models.gguf import GgufHeader
from lsp_server.models.gguf_metadata import ArrayValue, Metadata, MetadataEntry, MetadataValue
from lsp_server.models.gguf_tensors import Tensor
from lsp_server.models.gguf_types import TENSOR_TYPES, ValueType

TYPE_NUMBERS = {type_.name: number for number, type_ in TENSOR_TYPES.items()}


def header(**values: MetadataValue | None) -> GgufHeader:
    """Return the header of a small llama; `None` takes a value out."""
    defaults: dict[str, MetadataValue] = {
        "general.architecture": "llama",
        "llama.context_length": 16_384,
        "llama.block_count": 24,
        "llama.embedding_length": 2_048,
        "llama.attention.head_count": 16,
        "llama.attention.head_count_kv": 16,
    }
    merged = defaults | {key.replace("__", "."): value for key, value in values.items()}
    entries = {key: _entry(value) for key, value in merged.items() if value is not None}
    tensors = (
        _tensor("big", "Q4_K", (256, 100), num_bytes=14_400),
        _tensor("small", "F32", (64,), num_bytes=256),
    )
    path = Path("/models/coder.gguf")
    return GgufHeader(path, 3, 32, Metadata(path, entries), tensors, 1_024, 15_680)


def _entry(value: MetadataValue) -> MetadataEntry:
    if isinstance(value, ArrayValue):
        return MetadataEntry(ValueType.ARRAY, value)
    return MetadataEntry(ValueType.STRING if isinstance(value, str) else ValueType.UINT32, value)


def _tensor(name: str, type_name: str, shape: tuple[int, ...], num_bytes: int) -> Tensor:
    return Tensor(name, shape, TENSOR_TYPES[TYPE_NUMBERS[type_name]], 0, num_bytes)


def test_size_and_packing_come_from_the_tensors() -> None:
    facts = model_facts(header())
    assert facts.num_parameters == 25_664
    assert facts.quantisation == "Q4_K"
    assert facts.file_bytes == 15_680


def test_memory_is_weights_and_cache_for_what_is_reserved() -> None:
    facts = model_facts(header())
    # DeepSeek-Coder-1.3B: 24 layers x 16 heads x (128 + 128) numbers x 2 bytes.
    assert facts.kv_bytes_per_token == 196_608
    assert facts.reserved_tokens == 4_096
    assert facts.memory_bytes == 14_656 + 4_096 * 196_608


def test_a_short_context_is_reserved_whole() -> None:
    facts = model_facts(header(llama__context_length=2_048))
    assert facts.reserved_tokens == 2_048


def test_shared_heads_take_less_and_long_keys_more() -> None:
    facts = model_facts(header(llama__attention__head_count_kv=4, llama__attention__key_length=256))
    assert facts.kv_bytes_per_token == 24 * 4 * (256 + 128) * 2


def test_heads_can_differ_by_layer() -> None:
    heads = ArrayValue(ValueType.UINT32, 2, (4).to_bytes(4, "little") + (2).to_bytes(4, "little"))
    facts = model_facts(header(llama__attention__head_count_kv=heads, llama__block_count=2))
    assert facts.kv_bytes_per_token == 6 * 256 * 2


def test_a_header_without_sizes_has_weights_alone() -> None:
    facts = model_facts(header(llama__block_count=None))
    assert facts.kv_bytes_per_token is None
    assert facts.memory_bytes == 14_656


def test_a_file_without_a_name_is_called_after_itself() -> None:
    assert model_facts(header()).name == "coder.gguf"


def test_a_model_without_markers_cannot_infill() -> None:
    facts = model_facts(header())
    assert facts.fim_format is None
    assert facts.fim_reason
