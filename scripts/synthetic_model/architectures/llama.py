"""Llama, as DeepSeek-Coder and CodeLlama are: src/models/llama.cpp."""

from __future__ import annotations

import gguf

from scripts.synthetic_model.architectures.base import (
    Architecture,
    NamedWeights,
    attention,
    feed_forward,
)
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.weights import RandomWeights, ones


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_rope_dimension_count(shape.head_size)


def _layer(random: RandomWeights, shape: Shape, layer: int) -> NamedWeights:
    del layer
    yield "attn_norm.weight", ones(shape.embedding_size)
    yield from attention(random, shape)
    yield from feed_forward(random, shape)


LLAMA = Architecture("llama", _add_metadata, _layer)
