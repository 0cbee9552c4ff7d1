"""Gemma 1 to 3: src/models/gemma.cpp, gemma2.cpp and gemma3.cpp.

From Gemma 2 on, most layers attend to a window of tokens only: in Gemma 2 every other one, in
Gemma 3 five of six.  The small models' window is shorter than any prompt.
"""

from __future__ import annotations

import gguf

from scripts.synthetic_model.architectures.base import Architecture, attention, feed_forward
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Tensors, norm

WINDOW_TOKENS = Shape().window_tokens
#: So that layers say more than the token that came in, which would otherwise be repeated: the
#: output matrix is that of the embeddings.
POST_NORM = 4.0
#: So that attention looks at few tokens, and an answer depends on which they are.
SHARPNESS = 3.0


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_key_length(shape.head_size)
    writer.add_value_length(shape.head_size)


def _add_metadata_2(writer: gguf.GGUFWriter, shape: Shape) -> None:
    _add_metadata(writer, shape)
    writer.add_sliding_window(shape.window_tokens)
    writer.add_attn_logit_softcapping(50.0)
    writer.add_final_logit_softcapping(30.0)


def _add_metadata_3(writer: gguf.GGUFWriter, shape: Shape) -> None:
    _add_metadata(writer, shape)
    writer.add_sliding_window(shape.window_tokens)


def _layer_1(shape: Shape, layer: int) -> Tensors:
    del layer
    yield norm("attn_norm.weight", shape.embedding_size)
    # It has no norms behind its parts, so the parts themselves have to speak up.
    yield from attention(shape, gain=POST_NORM)
    yield from feed_forward(shape, gain=POST_NORM)


def _layer_2(shape: Shape, layer: int) -> Tensors:
    del layer
    yield norm("attn_norm.weight", shape.embedding_size)
    yield from attention(shape)
    yield norm("post_attention_norm.weight", shape.embedding_size, POST_NORM)
    yield from feed_forward(shape)
    yield norm("post_ffw_norm.weight", shape.embedding_size, POST_NORM)


def _layer_3(shape: Shape, layer: int) -> Tensors:
    yield from _layer_2(shape, layer)
    yield norm("attn_q_norm.weight", shape.head_size, SHARPNESS)
    yield norm("attn_k_norm.weight", shape.head_size, SHARPNESS)


GEMMA = Architecture("gemma", _add_metadata, _layer_1, has_output=False, shape=Shape(num_layers=4))
GEMMA2 = Architecture(
    "gemma2", _add_metadata_2, _layer_2, has_output=False, shape=Shape(num_layers=4)
)
GEMMA3 = Architecture(
    *("gemma3", _add_metadata_3, _layer_3),
    has_output=False,
    shape=Shape(num_layers=6, rope_base=1_000_000.0),
)
