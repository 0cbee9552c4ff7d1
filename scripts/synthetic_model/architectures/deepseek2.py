"""DeepSeek-V2, as DeepSeek-Coder-V2 is: src/models/deepseek2.cpp.

Keys and values come from one short latent vector per token, which is all that the KV cache holds
(multi-head latent attention); feed-forward parts after the first layer are mixtures of experts.
"""

from __future__ import annotations

import gguf

from scripts.synthetic_model.architectures.base import Architecture, NamedWeights, feed_forward
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.weights import RandomWeights, ones

_QUERY_RANK = 24
_LATENT_SIZE = 32
_NUM_DENSE_LAYERS = 1
_NUM_EXPERTS = 4
_NUM_USED_EXPERTS = 2
_NUM_SHARED_EXPERTS = 1


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    # The cache has one head: the latent vector and the rotated part of the key.
    writer.add_head_count_kv(1)
    writer.add_key_length(_LATENT_SIZE + shape.head_size)
    writer.add_value_length(_LATENT_SIZE)
    writer.add_key_length_mla(2 * shape.head_size)
    writer.add_value_length_mla(shape.head_size)
    writer.add_q_lora_rank(_QUERY_RANK)
    writer.add_kv_lora_rank(_LATENT_SIZE)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_leading_dense_block_count(_NUM_DENSE_LAYERS)
    writer.add_expert_count(_NUM_EXPERTS)
    writer.add_expert_used_count(_NUM_USED_EXPERTS)
    writer.add_expert_shared_count(_NUM_SHARED_EXPERTS)
    writer.add_expert_feed_forward_length(shape.feed_forward_size)
    writer.add_expert_weights_scale(1.0)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SOFTMAX)


def _layer(random: RandomWeights, shape: Shape, layer: int) -> NamedWeights:
    yield "attn_norm.weight", ones(shape.embedding_size)
    yield from _latent_attention(random, shape)
    if layer < _NUM_DENSE_LAYERS:
        yield from feed_forward(random, shape)
    else:
        yield from _experts(random, shape)


def _latent_attention(random: RandomWeights, shape: Shape) -> NamedWeights:
    width, heads, size = shape.embedding_size, shape.num_heads, shape.head_size
    yield "attn_q_a_norm.weight", ones(_QUERY_RANK)
    yield "attn_q_a.weight", random.matrix(_QUERY_RANK, width)
    # A key has a part that is rotated by its position and one that is not.
    yield "attn_q_b.weight", random.matrix(heads * 2 * size, _QUERY_RANK)
    yield "attn_kv_a_norm.weight", ones(_LATENT_SIZE)
    yield "attn_kv_a_mqa.weight", random.matrix(_LATENT_SIZE + size, width)
    yield "attn_k_b.weight", random.matrix(heads, _LATENT_SIZE, size)
    yield "attn_v_b.weight", random.matrix(heads, size, _LATENT_SIZE)
    yield "attn_output.weight", random.matrix(width, heads * size)


def _experts(random: RandomWeights, shape: Shape) -> NamedWeights:
    width, inner = shape.embedding_size, shape.feed_forward_size
    yield "ffn_norm.weight", ones(width)
    yield "ffn_gate_inp.weight", random.matrix(_NUM_EXPERTS, width)
    yield "ffn_gate_exps.weight", random.matrix(_NUM_EXPERTS, inner, width)
    yield "ffn_up_exps.weight", random.matrix(_NUM_EXPERTS, inner, width)
    yield "ffn_down_exps.weight", random.matrix(_NUM_EXPERTS, width, inner)
    shared = _NUM_SHARED_EXPERTS * inner
    yield "ffn_gate_shexp.weight", random.matrix(shared, width)
    yield "ffn_up_shexp.weight", random.matrix(shared, width)
    yield "ffn_down_shexp.weight", random.matrix(width, shared)


DEEPSEEK2 = Architecture("deepseek2", _add_metadata, _layer)
