"""How large a synthetic model is, and what else its architecture leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field

import gguf


@dataclass(frozen=True, slots=True)
class RopeScaling:
    """How positions beyond those of the training are squeezed.

    Attributes:
        type: Linear or YaRN.
        factor: By how much.
        original_context_tokens: Context length before; YaRN asks for it.
        yarn_log_multiplier: As DeepSeek-V2's files have it: a tenth of `mscale_all_dim`.
    """

    type: gguf.RopeScalingType
    factor: float
    original_context_tokens: int | None = None
    yarn_log_multiplier: float | None = None


@dataclass(frozen=True, slots=True)
class Latent:
    """The sizes of multi-head latent attention, as DeepSeek-V2 has it.

    Attributes:
        query_rank: Width of the latent vector of queries; `None`: they come from the embedding.
        size: Width of the latent vector of keys and values.
        fixed_size: Part of a head that is not rotated by its position.
    """

    query_rank: int | None = 24
    size: int = 32
    fixed_size: int = 16


@dataclass(frozen=True, slots=True)
class Experts:
    """The mixture of experts, as DeepSeek-V2 has it.

    Attributes:
        num_dense_layers: First layers without one.
        num_experts: Experts that are chosen from.
        num_used: How many of them work on a token.
        num_shared: Experts that work on every token.
        feed_forward_size: Inner width of one; `None`: that of the dense layers.
    """

    num_dense_layers: int = 1
    num_experts: int = 4
    num_used: int = 2
    num_shared: int = 1
    feed_forward_size: int | None = None


@dataclass(frozen=True, slots=True)
class MixedLayers:
    """What Gemma 4's layers have of their own.

    Attributes:
        full_every: Each so many layers, one attends to all tokens and not to a window of them.
        full_head_size: Width of a head in such a layer.
        num_shared_kv: Last layers that use the keys and values of earlier ones, and are twice
            as wide inside.
        per_layer_size: Width of the embedding that every layer has for itself.
    """

    full_every: int = 3
    full_head_size: int = 32
    num_shared_kv: int = 3
    per_layer_size: int = 16


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the model is.

    Attributes:
        num_layers: Transformer blocks.
        embedding_size: Width; a multiple of `num_heads` unless `own_head_size` is given.
        num_heads: Attention heads; a multiple of `num_kv_heads`.
        num_kv_heads: Heads whose keys and values are kept.
        feed_forward_size: Inner width of the feed-forward part.
        context_tokens: Context length that the file announces.
        own_head_size: Width of one head, if it does not follow from the model's width.
        norm_epsilon: What norms add before they divide.
        window_tokens: What layers with a window attend to.
        rope_base: Base of the rotation, if it is not the architecture's own.
        rope_scaling: How positions are squeezed, if they are.
        latent: Read by deepseek2.
        experts: Read by deepseek2.
        mixed: Read by gemma4.
    """

    num_layers: int = 2
    embedding_size: int = 64
    num_heads: int = 4
    num_kv_heads: int = 2
    feed_forward_size: int = 128
    context_tokens: int = 2_048
    own_head_size: int | None = None
    norm_epsilon: float = 1e-5
    window_tokens: int = 32
    rope_base: float | None = None
    rope_scaling: RopeScaling | None = None
    latent: Latent = field(default_factory=Latent)
    experts: Experts = field(default_factory=Experts)
    mixed: MixedLayers = field(default_factory=MixedLayers)

    @property
    def head_size(self) -> int:
        """Width of one head."""
        return self.own_head_size or self.embedding_size // self.num_heads

    @property
    def query_size(self) -> int:
        """Width of the queries of all heads."""
        return self.num_heads * self.head_size

    @property
    def kv_size(self) -> int:
        """Width of the keys, and of the values, of all heads."""
        return self.num_kv_heads * self.head_size

    def __str__(self) -> str:
        return (
            f"{self.num_layers} layers of width {self.embedding_size}, {self.num_heads} heads of "
            f"{self.head_size} ({self.num_kv_heads} kept), {self.feed_forward_size} inside, "
            f"context {self.context_tokens}"
        )
