"""Which tensors a file has, in order, and as what each is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gguf import GGMLQuantizationType

from scripts.synthetic_model.architectures.base import Architecture
from scripts.synthetic_model.content import num_bytes
from scripts.synthetic_model.quantisation import Quantisation
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Normal, Role, Tensor, Tensors, in_layer, matrix, norm

#: What makes queries larger; in models that norm their queries, only the norm does.
_QUERY_TENSORS = (".attn_q.weight", ".attn_q_b.weight", ".attn_q_norm.weight")


@dataclass(frozen=True, slots=True)
class Model:
    """What is to be written, but for the vocabulary's content.

    Attributes:
        architecture: What kind of model it is.
        shape: Its sizes.
        num_tokens: How many tokens it knows.
        quantisation: What weights are stored as.
        sharpness: By how much more attention prefers some tokens; with random weights and 1 it
            looks at all of them nearly alike, and hardly anything depends on a single token.
    """

    architecture: Architecture
    shape: Shape
    num_tokens: int
    quantisation: Quantisation = Quantisation.F32
    sharpness: float = 1.0


@dataclass(frozen=True, slots=True)
class Planned:
    """A tensor and what it is stored as."""

    tensor: Tensor
    type: GGMLQuantizationType

    @property
    def num_bytes(self) -> int:
        """How many bytes it takes in the file."""
        return num_bytes(self.tensor, self.type)


def plan_tensors(model: Model) -> Iterator[Planned]:
    """Yield the tensors in the order of the file."""
    for layer, tensor in _tensors(model):
        type_ = model.quantisation.type_of(tensor, layer, model.shape.num_layers)
        yield Planned(_sharpened(tensor, model.sharpness), type_)


def _tensors(model: Model) -> Iterator[tuple[int | None, Tensor]]:
    """Yield every tensor with the layer that it stands in."""
    width, architecture = model.shape.embedding_size, model.architecture
    role = Role.ORDINARY if architecture.has_output else Role.OUTPUT
    yield None, matrix("token_embd.weight", model.num_tokens, width, role=role)
    for layer in range(model.shape.num_layers):
        for tensor in in_layer(layer, architecture.layer(model.shape, layer)):
            yield layer, tensor
    for tensor in _last_tensors(model):
        yield None, tensor


def _last_tensors(model: Model) -> Tensors:
    width = model.shape.embedding_size
    yield norm("output_norm.weight", width)
    if model.architecture.has_output:
        yield matrix("output.weight", model.num_tokens, width, role=Role.OUTPUT)
    yield from model.architecture.outside(model.shape, model.num_tokens)


def _sharpened(tensor: Tensor, sharpness: float) -> Tensor:
    if sharpness == 1.0 or not tensor.name.endswith(_QUERY_TENSORS):
        return tensor
    if isinstance(tensor.content, Normal):
        return replace(tensor, content=Normal(tensor.content.scale * sharpness))
    values = tuple(value * sharpness for value in tensor.content.values)
    return replace(tensor, content=replace(tensor.content, values=values))
