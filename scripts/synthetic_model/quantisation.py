"""Which numbers each tensor is stored as: the mixtures of llama.cpp's `llama-quantize`.

Source: src/llama-quant.cpp of llama.cpp, for dense models.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import gguf
from gguf import GGMLQuantizationType as Type

from scripts.synthetic_model.tensors import Role, Tensor

#: What a type is replaced by where rows are no multiple of its blocks.
_COARSER_BLOCKS = {Type.Q4_K: Type.Q5_0, Type.Q6_K: Type.Q8_0}


@dataclass(frozen=True, slots=True)
class Mixture:
    """Types by what a tensor is for.

    Attributes:
        file_type: What the file says of itself.
        ordinary: Type of most matrices.
        others: Type of those that have another one.
    """

    file_type: gguf.LlamaFileType
    ordinary: Type
    others: Mapping[Role, Type] = field(default_factory=lambda: MappingProxyType({}))


class Quantisation(enum.Enum):
    """The quantisations that can be chosen, by llama.cpp's names."""

    F32 = Mixture(gguf.LlamaFileType.ALL_F32, Type.F32)
    F16 = Mixture(gguf.LlamaFileType.MOSTLY_F16, Type.F16)
    Q8_0 = Mixture(gguf.LlamaFileType.MOSTLY_Q8_0, Type.Q8_0)
    Q4_0 = Mixture(gguf.LlamaFileType.MOSTLY_Q4_0, Type.Q4_0, {Role.OUTPUT: Type.Q6_K})
    Q4_K_M = Mixture(
        gguf.LlamaFileType.MOSTLY_Q4_K_M,
        Type.Q4_K,
        {Role.OUTPUT: Type.Q6_K, Role.SENSITIVE: Type.Q6_K},
    )

    def type_of(self, tensor: Tensor, layer: int | None, num_layers: int) -> Type:
        """Return what a tensor is stored as.

        Args:
            tensor: The tensor.
            layer: The layer that it stands in, if it stands in one.
            num_layers: How many there are.
        """
        mixture: Mixture = self.value
        if tensor.role is Role.EXACT:
            return Type.F32
        is_fine = tensor.role is not Role.SENSITIVE or (
            layer is not None and _has_more_bits(layer, num_layers)
        )
        wanted = mixture.others.get(tensor.role) if is_fine else None
        return _fitting(wanted or mixture.ordinary, tensor.shape[-1])


def _has_more_bits(layer: int, num_layers: int) -> bool:
    """Return whether sensitive matrices of a layer are stored finer: about half of them are."""
    eighth = num_layers // 8
    is_at_an_end = layer < eighth or layer >= 7 * num_layers // 8
    return is_at_an_end or (layer - eighth) % 3 == 2


def _fitting(wanted: Type, num_columns: int) -> Type:
    while num_columns % gguf.GGML_QUANT_SIZES[wanted][0]:
        wanted = _COARSER_BLOCKS.get(wanted, Type.F16)
    return wanted
