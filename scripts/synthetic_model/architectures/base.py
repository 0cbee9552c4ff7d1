"""What an architecture has to say, and the tensors that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import gguf

from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.weights import RandomWeights, Weights, ones

NamedWeights = Iterator[tuple[str, Weights]]


@dataclass(frozen=True, slots=True)
class Architecture:
    """One value of `general.architecture`.

    Attributes:
        name: That value.
        add_metadata: Adds what this architecture has besides the sizes that all have.
        layer: Yields the tensors of one layer by their names in it; gets the layer's number.
        has_output: Whether it has an output matrix; if not, the embeddings serve as one.
        shape: A small model.
    """

    name: str
    add_metadata: Callable[[gguf.GGUFWriter, Shape], None]
    layer: Callable[[RandomWeights, Shape, int], NamedWeights]
    has_output: bool = True
    shape: Shape = field(default_factory=Shape)


def attention(random: RandomWeights, shape: Shape) -> NamedWeights:
    """Yield the four matrices of attention with grouped heads."""
    width = shape.embedding_size
    yield "attn_q.weight", random.matrix(width, width)
    yield "attn_k.weight", random.matrix(shape.kv_size, width)
    yield "attn_v.weight", random.matrix(shape.kv_size, width)
    yield "attn_output.weight", random.matrix(width, width)


def feed_forward(random: RandomWeights, shape: Shape) -> NamedWeights:
    """Yield the norm and the three matrices of a gated feed-forward part."""
    width, inner = shape.embedding_size, shape.feed_forward_size
    yield "ffn_norm.weight", ones(width)
    yield "ffn_gate.weight", random.matrix(inner, width)
    yield "ffn_up.weight", random.matrix(inner, width)
    yield "ffn_down.weight", random.matrix(width, inner)
