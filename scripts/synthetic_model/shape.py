"""How large a synthetic model is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the model is.

    Attributes:
        num_layers: Transformer blocks.
        embedding_size: Width; a multiple of `num_heads`.
        num_heads: Attention heads; a multiple of `num_kv_heads`.
        num_kv_heads: Heads whose keys and values are kept.
        feed_forward_size: Inner width of the feed-forward part.
        context_tokens: Context length that the file announces.
    """

    num_layers: int = 2
    embedding_size: int = 64
    num_heads: int = 4
    num_kv_heads: int = 2
    feed_forward_size: int = 128
    context_tokens: int = 2_048

    @property
    def head_size(self) -> int:
        """Width of one head."""
        return self.embedding_size // self.num_heads

    @property
    def kv_size(self) -> int:
        """Width of the keys, and of the values, of all heads."""
        return self.num_kv_heads * self.head_size
