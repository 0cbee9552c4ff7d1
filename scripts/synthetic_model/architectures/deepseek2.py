"""DeepSeek-V2, as DeepSeek-Coder-V2 is: src/models/deepseek2.cpp.

Keys and values come from one short latent vector per token, which is all that the KV cache holds
(multi-head latent attention); feed-forward parts after the first layer are mixtures of experts.
"""

from __future__ import annotations

import gguf

from scripts.synthetic_model.architectures.base import Architecture, feed_forward
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Role, Tensors, matrix, norm


def _add_metadata(writer: gguf.GGUFWriter, shape: Shape) -> None:
    latent, experts = shape.latent, shape.experts
    # The cache has one head: the latent vector and the rotated part of the key.
    writer.add_head_count_kv(1)
    writer.add_key_length(latent.size + shape.head_size)
    writer.add_value_length(latent.size)
    writer.add_key_length_mla(latent.fixed_size + shape.head_size)
    writer.add_value_length_mla(_value_size(shape))
    if latent.query_rank is not None:
        writer.add_q_lora_rank(latent.query_rank)
    writer.add_kv_lora_rank(latent.size)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_leading_dense_block_count(experts.num_dense_layers)
    writer.add_expert_count(experts.num_experts)
    writer.add_expert_used_count(experts.num_used)
    writer.add_expert_shared_count(experts.num_shared)
    writer.add_expert_feed_forward_length(_expert_size(shape))
    writer.add_expert_weights_scale(1.0)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SOFTMAX)


def _layer(shape: Shape, layer: int) -> Tensors:
    yield norm("attn_norm.weight", shape.embedding_size)
    yield from _latent_attention(shape)
    if layer < shape.experts.num_dense_layers:
        yield from feed_forward(shape)
    else:
        yield from _experts(shape)


def _latent_attention(shape: Shape) -> Tensors:
    width, heads, latent = shape.embedding_size, shape.num_heads, shape.latent
    # A key has a part that is rotated by its position and one that is not.
    key_size = latent.fixed_size + shape.head_size
    if latent.query_rank is None:
        yield matrix("attn_q.weight", heads * key_size, width)
    else:
        yield norm("attn_q_a_norm.weight", latent.query_rank)
        yield matrix("attn_q_a.weight", latent.query_rank, width)
        yield matrix("attn_q_b.weight", heads * key_size, latent.query_rank)
    yield norm("attn_kv_a_norm.weight", latent.size)
    yield matrix("attn_kv_a_mqa.weight", latent.size + shape.head_size, width)
    yield matrix("attn_k_b.weight", heads, latent.size, latent.fixed_size)
    yield matrix("attn_v_b.weight", heads, _value_size(shape), latent.size, role=Role.SENSITIVE)
    yield matrix("attn_output.weight", width, heads * _value_size(shape))


def _experts(shape: Shape) -> Tensors:
    width, inner, experts = shape.embedding_size, _expert_size(shape), shape.experts
    yield norm("ffn_norm.weight", width)
    yield matrix("ffn_gate_inp.weight", experts.num_experts, width, role=Role.EXACT)
    yield matrix("ffn_gate_exps.weight", experts.num_experts, inner, width)
    yield matrix("ffn_up_exps.weight", experts.num_experts, inner, width)
    yield matrix("ffn_down_exps.weight", experts.num_experts, width, inner, role=Role.SENSITIVE)
    shared = experts.num_shared * inner
    yield matrix("ffn_gate_shexp.weight", shared, width)
    yield matrix("ffn_up_shexp.weight", shared, width)
    yield matrix("ffn_down_shexp.weight", width, shared, role=Role.SENSITIVE)


def _value_size(shape: Shape) -> int:
    """Return the width of a value of one head: that of the key's part that is not rotated."""
    return shape.latent.fixed_size


def _expert_size(shape: Shape) -> int:
    return shape.experts.feed_forward_size or shape.feed_forward_size


DEEPSEEK2 = Architecture("deepseek2", _add_metadata, _layer)
