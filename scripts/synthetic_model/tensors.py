"""What a tensor of a synthetic model is made of, before anything of it is in memory."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace


class Role(enum.Enum):
    """What a matrix is for; mixed quantisations give some of them more bits."""

    ORDINARY = "ordinary"
    #: Those that llama.cpp's Q4_K_M stores finer in half of the layers.
    SENSITIVE = "sensitive"
    #: The output matrix, or the embeddings where they serve as one.
    OUTPUT = "output"
    #: Stays in F32, whatever the quantisation.
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Normal:
    """Random numbers around 0.

    Attributes:
        scale: Their standard deviation.
    """

    scale: float


@dataclass(frozen=True, slots=True)
class Constant:
    """The given numbers, repeated until the tensor is full."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file.

    Attributes:
        name: Its name in the file.
        shape: `[..., rows, columns]`.
        content: What it is filled with.
        role: What it is for.
    """

    name: str
    shape: tuple[int, ...]
    content: Normal | Constant
    role: Role = Role.ORDINARY

    @property
    def num_values(self) -> int:
        """How many numbers it has."""
        result = 1
        for size in self.shape:
            result *= size
        return result


Tensors = Iterator[Tensor]


def matrix(name: str, *shape: int, gain: float = 1.0, role: Role = Role.ORDINARY) -> Tensor:
    """Return `[..., rows, columns]` whose products are about `gain` times as large as what goes in.

    A variance of 1 / columns keeps the size of the values from layer to layer.
    """
    return Tensor(name, shape, Normal(gain / shape[-1] ** 0.5), role)


def bias(name: str, size: int) -> Tensor:
    """Return `[size]` small numbers."""
    return Tensor(name, (size,), Normal(0.1), Role.EXACT)


def norm(name: str, size: int, value: float = 1.0) -> Tensor:
    """Return `[size]` times one value, which norms begin with."""
    return Tensor(name, (size,), Constant((value,)), Role.EXACT)


def in_layer(layer: int, tensors: Tensors) -> Tensors:
    """Yield the tensors with the names that they have in a file."""
    for tensor in tensors:
        yield replace(tensor, name=f"blk.{layer}.{tensor.name}")
