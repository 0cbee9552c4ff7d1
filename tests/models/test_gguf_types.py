from __future__ import annotations

import gguf

from lsp_server.models.gguf_types import TENSOR_TYPES, ValueType

#: The gguf package counts Q8_1 with two 32-bit scales; ggml-common.h has two of 16 bits.
_DIFFERENT = {gguf.GGMLQuantizationType.Q8_1}


def test_tensor_types_are_those_of_the_gguf_package() -> None:
    for number, (block_elements, block_bytes) in gguf.GGML_QUANT_SIZES.items():
        if number not in _DIFFERENT:
            ours = TENSOR_TYPES[int(number)]
            assert (ours.name, ours.block_elements, ours.block_bytes) == (
                number.name,
                block_elements,
                block_bytes,
            )


def test_value_types_are_those_of_the_gguf_package() -> None:
    assert {type_.name: int(type_) for type_ in ValueType} == {
        type_.name: int(type_) for type_ in gguf.GGUFValueType
    }
