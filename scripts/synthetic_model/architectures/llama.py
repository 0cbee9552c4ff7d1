"""Llama, as DeepSeek-Coder and CodeLlama are: src/models/llama.cpp."""

from __future__ import annotations

import gguf

from scripts.synthetic_model.architectures.base import Architecture, attention, feed_forward
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Tensors, norm


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_rope_dimension_count(shape.head_size)


def _layer(shape: Shape, layer: int) -> Tensors:
    del layer
    yield norm("attn_norm.weight", shape.embedding_size)
    yield from attention(shape)
    yield from feed_forward(shape)


LLAMA = Architecture("llama", _add_metadata, _layer)
