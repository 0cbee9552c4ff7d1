"""Qwen2, as Qwen2.5-Coder is: src/models/qwen2.cpp.  Like Llama, with biases before attention."""

from __future__ import annotations

from dataclasses import replace

import gguf

from scripts.synthetic_model.architectures.base import Architecture, attention, feed_forward
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Tensors, bias, norm


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_head_count_kv(shape.num_kv_heads)


def _layer(shape: Shape, layer: int) -> Tensors:
    del layer
    yield norm("attn_norm.weight", shape.embedding_size)
    yield from attention(shape)
    yield bias("attn_q.bias", shape.embedding_size)
    yield bias("attn_k.bias", shape.kv_size)
    yield bias("attn_v.bias", shape.kv_size)
    yield from feed_forward(shape)


QWEN2 = Architecture(
    "qwen2", _add_metadata, _layer, has_output=False, shape=replace(Shape(), rope_base=1_000_000.0)
)
