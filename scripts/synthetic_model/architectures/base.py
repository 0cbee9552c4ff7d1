"""What an architecture has to say, and the tensors that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import gguf

from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Role, Tensors, matrix, norm


def _no_more(shape: Shape, num_tokens: int) -> Tensors:
    del shape, num_tokens
    yield from ()


def _same_in_all(shape: Shape, layer: int) -> int:
    del layer
    return shape.feed_forward_size


@dataclass(frozen=True, slots=True)
class Architecture:
    """One value of `general.architecture`.

    Attributes:
        name: That value.
        add_metadata: Adds what this architecture has besides the values that all have.
        layer: Yields the tensors of one layer by their names in it; gets the layer's number.
        outside: Yields tensors outside the layers besides embeddings, norm and output; gets
            the number of tokens in the vocabulary.
        inner_size: Inner width of a layer's feed-forward part; gets the layer's number.
        has_output: Whether it has an output matrix; if not, the embeddings serve as one.
        shape: A small model.
    """

    name: str
    add_metadata: Callable[[gguf.GGUFWriter, Shape], None]
    layer: Callable[[Shape, int], Tensors]
    outside: Callable[[Shape, int], Tensors] = _no_more
    inner_size: Callable[[Shape, int], int] = _same_in_all
    has_output: bool = True
    shape: Shape = field(default_factory=Shape)


def attention(shape: Shape, gain: float = 1.0) -> Tensors:
    """Yield the four matrices of attention with grouped heads.

    Args:
        shape: The model's sizes.
        gain: How large the result is against what the layer gets.
    """
    width = shape.embedding_size
    yield matrix("attn_q.weight", shape.query_size, width)
    yield matrix("attn_k.weight", shape.kv_size, width)
    yield matrix("attn_v.weight", shape.kv_size, width, role=Role.SENSITIVE)
    yield matrix("attn_output.weight", width, shape.query_size, gain=gain)


def feed_forward(shape: Shape, inner: int | None = None, gain: float = 1.0) -> Tensors:
    """Yield the norm and the three matrices of a gated feed-forward part.

    Args:
        shape: The model's sizes.
        inner: Inner width, if it is not that of the shape.
        gain: How large the result is against what the layer gets.
    """
    width, inner = shape.embedding_size, inner or shape.feed_forward_size
    yield norm("ffn_norm.weight", width)
    yield matrix("ffn_gate.weight", inner, width)
    yield matrix("ffn_up.weight", inner, width)
    yield matrix("ffn_down.weight", width, inner, gain=gain, role=Role.SENSITIVE)
