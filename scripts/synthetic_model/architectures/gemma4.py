"""Gemma 4 with embeddings per layer, as E2B and E4B are: src/models/gemma4.cpp.

Most layers attend to a window, the last ones have no keys and values of their own, and heads are
wider where a layer attends to everything; there only a quarter of a head is rotated, which the
file says by frequencies that are far too slow to matter.
"""

from __future__ import annotations

import gguf

from scripts.synthetic_model.architectures.base import Architecture, feed_forward
from scripts.synthetic_model.architectures.gemma import POST_NORM, SHARPNESS
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Constant, Role, Tensor, Tensors, matrix, norm

_SWA_ROPE_BASE = 10_000.0
_SHARE_ROTATED = 0.25
#: As conversion/gemma.py of llama.cpp has it.
_NOT_ROTATED = 1e30


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    layers = range(shape.num_layers)
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_key_length(shape.mixed.full_head_size)
    writer.add_value_length(shape.mixed.full_head_size)
    writer.add_key_length_swa(shape.head_size)
    writer.add_value_length_swa(shape.head_size)
    writer.add_rope_dimension_count(shape.mixed.full_head_size)
    writer.add_rope_dimension_count_swa(shape.head_size)
    writer.add_rope_freq_base_swa(_SWA_ROPE_BASE)
    writer.add_sliding_window(shape.window_tokens)
    writer.add_sliding_window_pattern([not _is_full(shape, layer) for layer in layers])
    writer.add_shared_kv_layers(shape.mixed.num_shared_kv)
    writer.add_embedding_length_per_layer_input(shape.mixed.per_layer_size)
    writer.add_final_logit_softcapping(30.0)


def _outside(shape: Shape, num_tokens: int) -> Tensors:
    size = shape.mixed.per_layer_size * shape.num_layers
    yield matrix("per_layer_token_embd.weight", num_tokens, size)
    yield matrix("per_layer_model_proj.weight", size, shape.embedding_size)
    yield norm("per_layer_proj_norm.weight", shape.mixed.per_layer_size)
    num_pairs = shape.mixed.full_head_size // 2
    num_rotated = int(num_pairs * _SHARE_ROTATED)
    factors = (1.0,) * num_rotated + (_NOT_ROTATED,) * (num_pairs - num_rotated)
    yield Tensor("rope_freqs.weight", (num_pairs,), Constant(factors), Role.EXACT)


def _layer(shape: Shape, layer: int) -> Tensors:
    width = shape.embedding_size
    head_size = shape.mixed.full_head_size if _is_full(shape, layer) else shape.head_size
    query_size, kv_size = shape.num_heads * head_size, shape.num_kv_heads * head_size
    yield norm("attn_norm.weight", width)
    yield matrix("attn_q.weight", query_size, width)
    # It does not divide products by the root of the head's width, as others do.
    yield norm("attn_q_norm.weight", head_size, SHARPNESS / head_size**0.5)
    if not _shares_kv(shape, layer):
        yield matrix("attn_k.weight", kv_size, width)
        yield norm("attn_k_norm.weight", head_size)
        yield matrix("attn_v.weight", kv_size, width, role=Role.SENSITIVE)
    yield matrix("attn_output.weight", width, query_size)
    yield norm("post_attention_norm.weight", width, POST_NORM)
    yield from feed_forward(shape, _inner_size(shape, layer))
    yield norm("post_ffw_norm.weight", width, POST_NORM)
    yield matrix("inp_gate.weight", shape.mixed.per_layer_size, width)
    yield matrix("proj.weight", width, shape.mixed.per_layer_size)
    yield norm("post_norm.weight", width)
    yield norm("layer_output_scale.weight", 1)


def _is_full(shape: Shape, layer: int) -> bool:
    return layer % shape.mixed.full_every == shape.mixed.full_every - 1


def _shares_kv(shape: Shape, layer: int) -> bool:
    return layer >= shape.num_layers - shape.mixed.num_shared_kv


def _inner_size(shape: Shape, layer: int) -> int:
    return shape.feed_forward_size * (2 if _shares_kv(shape, layer) else 1)


GEMMA4 = Architecture(
    *("gemma4", _add_metadata, _layer, _outside),
    inner_size=_inner_size,
    has_output=False,
    shape=Shape(num_layers=6, num_kv_heads=1, rope_base=1_000_000.0),
)
