"""Qwen2, as Qwen2.5-Coder is: src/models/qwen2.cpp.  Like Llama, with biases before attention."""

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
    writer.add_rope_freq_base(1_000_000.0)


def _layer(random: RandomWeights, shape: Shape, layer: int) -> NamedWeights:
    del layer
    yield "attn_norm.weight", ones(shape.embedding_size)
    yield from attention(random, shape)
    yield "attn_q.bias", random.vector(shape.embedding_size)
    yield "attn_k.bias", random.vector(shape.kv_size)
    yield "attn_v.bias", random.vector(shape.kv_size)
    yield from feed_forward(random, shape)


QWEN2 = Architecture("qwen2", _add_metadata, _layer, has_output=False)
