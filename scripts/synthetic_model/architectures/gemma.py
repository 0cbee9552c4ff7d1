"""Gemma 2 and 3: src/models/gemma2.cpp and gemma3.cpp.

Most layers attend to a window of tokens only: in Gemma 2 every other one, in Gemma 3 five of six.
The window here is shorter than any prompt.
"""

from __future__ import annotations

import gguf
import numpy as np

from scripts.synthetic_model.architectures.base import (
    Architecture,
    NamedWeights,
    attention,
    feed_forward,
)
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.weights import RandomWeights, ones

WINDOW_TOKENS = 32
#: So that layers say more than the token that came in, which would otherwise be repeated: the
#: output matrix is that of the embeddings.
_POST_NORM = np.float32(4.0)
#: So that attention looks at few tokens, and an answer depends on which they are.
_SHARPNESS = np.float32(3.0)


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_key_length(shape.head_size)
    writer.add_value_length(shape.head_size)
    writer.add_sliding_window(WINDOW_TOKENS)


def _add_metadata_2(writer: gguf.GGUFWriter, shape: Shape) -> None:
    _add_metadata(writer, shape)
    writer.add_attn_logit_softcapping(50.0)
    writer.add_final_logit_softcapping(30.0)


def _add_metadata_3(writer: gguf.GGUFWriter, shape: Shape) -> None:
    _add_metadata(writer, shape)
    writer.add_rope_freq_base(1_000_000.0)


def _layer_2(random: RandomWeights, shape: Shape, layer: int) -> NamedWeights:
    del layer
    yield "attn_norm.weight", ones(shape.embedding_size)
    yield from attention(random, shape)
    yield "post_attention_norm.weight", ones(shape.embedding_size) * _POST_NORM
    yield from feed_forward(random, shape)
    yield "post_ffw_norm.weight", ones(shape.embedding_size) * _POST_NORM


def _layer_3(random: RandomWeights, shape: Shape, layer: int) -> NamedWeights:
    yield from _layer_2(random, shape, layer)
    yield "attn_q_norm.weight", ones(shape.head_size) * _SHARPNESS
    yield "attn_k_norm.weight", ones(shape.head_size) * _SHARPNESS


GEMMA2 = Architecture(
    "gemma2", _add_metadata_2, _layer_2, has_output=False, shape=Shape(num_layers=4)
)
GEMMA3 = Architecture(
    "gemma3", _add_metadata_3, _layer_3, has_output=False, shape=Shape(num_layers=6)
)
