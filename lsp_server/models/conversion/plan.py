"""From a checked source file to the header of its converted copy; pure.

The weights keep every byte and their order, so a tensor's offset in the data section stays.
What ctransformers 0.2.27 needs was tried, not documented: GGUF as of September 2023 with a
SentencePiece vocabulary, rope scaling under its old key, and an output matrix of its own name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.models.conversion.entries import number_entry, string_bytes, text_entry
from lsp_server.models.conversion.hyperparameters import Hyperparameters, read_hyperparameters
from lsp_server.models.conversion.refusal import cannot_run
from lsp_server.models.conversion.tokenizer_values import read_tokenizer_values, tokenizer_entries
from lsp_server.models.conversion.weights import check_weights
from lsp_server.models.gguf import ALIGNMENT_KEY, MAGIC, GgufHeader, require_weights
from lsp_server.models.gguf_tensors import Tensor
from lsp_server.models.gguf_types import TENSOR_TYPES, ValueType
from lsp_server.models.soundness import require_sound

#: In every converted file, with the version of its form.
FORM_KEY = "bantam.conversion.ctransformers"
FORM_VERSION = 1

_GGUF_VERSION = 3
_MIN_ALIGNMENT = 32
_TYPE_NUMBERS = {type_.name: number for number, type_ in TENSOR_TYPES.items()}


@dataclass(frozen=True, slots=True)
class ConversionPlan:
    """What a converted file consists of.

    Attributes:
        source: The header of the file that is converted.
        head: The bytes before its weights, padding included.
        num_data_bytes: Bytes to copy from the source's data section.
    """

    source: GgufHeader
    head: bytes
    num_data_bytes: int


def plan_conversion(header: GgufHeader) -> ConversionPlan:
    """Check whether ctransformers can run a file and say how its copy looks.

    Raises:
        ModelFileError: It cannot, with the reason and the engine to use instead; or the file is
            damaged.
    """
    require_weights(header)
    parameters = read_hyperparameters(header)
    values = read_tokenizer_values(header)
    require_sound(header)
    if header.alignment < _MIN_ALIGNMENT:
        raise cannot_run(header.path, f"its tensors are aligned to {header.alignment} bytes only")
    tensors = check_weights(header, parameters, values.num_tokens)
    entries = [
        *_general_entries(header),
        *_parameter_entries(parameters),
        *tokenizer_entries(header, values),
    ]
    head = MAGIC + struct.pack("<IQQ", _GGUF_VERSION, len(tensors), len(entries))
    head += b"".join(entries) + b"".join(map(_tensor_entry, tensors))
    head += bytes(-len(head) % header.alignment)
    return ConversionPlan(header, head, max(t.offset + t.num_bytes for t in tensors))


def is_converted(header: GgufHeader) -> bool:
    """Return whether a file is a converted one."""
    return header.metadata.value(FORM_KEY) is not None


def _general_entries(header: GgufHeader) -> Iterator[bytes]:
    yield text_entry("general.architecture", "llama")
    if name := header.metadata.try_text("general.name"):
        yield text_entry("general.name", name)
    yield number_entry(ALIGNMENT_KEY, ValueType.UINT32, header.alignment)
    yield number_entry(FORM_KEY, ValueType.UINT32, FORM_VERSION)


def _parameter_entries(parameters: Hyperparameters) -> Iterator[bytes]:
    for name, number in (
        ("context_length", parameters.context_tokens),
        ("embedding_length", parameters.embedding_size),
        ("block_count", parameters.num_layers),
        ("feed_forward_length", parameters.feed_forward_size),
        ("attention.head_count", parameters.num_heads),
        ("attention.head_count_kv", parameters.num_kv_heads),
        ("rope.dimension_count", parameters.head_size),
    ):
        yield number_entry(f"llama.{name}", ValueType.UINT32, number)
    for name, value in (
        ("attention.layer_norm_rms_epsilon", parameters.norm_epsilon),
        ("rope.freq_base", parameters.rope_base),
        ("rope.scale_linear", parameters.rope_scale),
    ):
        yield number_entry(f"llama.{name}", ValueType.FLOAT32, value)


def _tensor_entry(tensor: Tensor) -> bytes:
    num_dimensions = len(tensor.shape)
    shape = struct.pack(f"<I{num_dimensions}Q", num_dimensions, *tensor.shape)
    place = struct.pack("<IQ", _TYPE_NUMBERS[tensor.type.name], tensor.offset)
    return string_bytes(tensor.name) + shape + place
