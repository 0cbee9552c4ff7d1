"""All that stands in a GGUF before the weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

from scripts.synthetic_model.architectures.base import Architecture
from scripts.synthetic_model.plan import Model, Planned
from scripts.synthetic_model.shape import RopeScaling, Shape
from scripts.synthetic_model.vocabulary import VocabularyData


def write_header(
    path: Path, model: Model, name: str, vocabulary: VocabularyData, plan: Sequence[Planned]
) -> None:
    """Begin a file; weights may follow where it is aligned next."""
    writer = gguf.GGUFWriter(path, model.architecture.name)
    writer.add_name(name)
    writer.add_file_type(model.quantisation.value.file_type)
    _add_sizes(writer, model.architecture, model.shape)
    writer.add_vocab_size(vocabulary.num_tokens)
    model.architecture.add_metadata(writer, model.shape)
    for field in vocabulary.fields:
        writer.add_key_value(field.key, field.value, field.type, field.item_type)
    for planned in plan:
        writer.add_tensor_info(
            *(planned.tensor.name, planned.tensor.shape, np.dtype(np.float32), planned.num_bytes),
            raw_dtype=planned.type,
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()


def _add_sizes(writer: gguf.GGUFWriter, architecture: Architecture, shape: Shape) -> None:
    """Add the values that all architectures have."""
    writer.add_block_count(shape.num_layers)
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.embedding_size)
    inner = [architecture.inner_size(shape, layer) for layer in range(shape.num_layers)]
    writer.add_feed_forward_length(inner[0] if len(set(inner)) == 1 else inner)
    writer.add_head_count(shape.num_heads)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    if shape.rope_base is not None:
        writer.add_rope_freq_base(shape.rope_base)
    if shape.rope_scaling is not None:
        _add_scaling(writer, shape.rope_scaling)


def _add_scaling(writer: gguf.GGUFWriter, scaling: RopeScaling) -> None:
    writer.add_rope_scaling_type(scaling.type)
    writer.add_rope_scaling_factor(scaling.factor)
    if scaling.original_context_tokens is not None:
        writer.add_rope_scaling_orig_ctx_len(scaling.original_context_tokens)
    if scaling.yarn_log_multiplier is not None:
        writer.add_rope_scaling_yarn_log_mul(scaling.yarn_log_multiplier)
