"""The bytes of a tensor, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Iterator

import gguf
import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType as Type

from scripts.synthetic_model.blocks import RANDOM_BLOCKS
from scripts.synthetic_model.tensors import Constant, Tensor

#: A multiple of every block size; 4 MiB in F32.
CHUNK_VALUES = 1 << 20

Chunk = npt.NDArray[np.float32] | npt.NDArray[np.float16] | npt.NDArray[np.uint8]


def num_bytes(tensor: Tensor, type_: Type) -> int:
    """Return how many bytes a tensor takes in a file."""
    block_values, block_bytes = gguf.GGML_QUANT_SIZES[type_]
    return int(tensor.num_values // block_values * block_bytes)


def chunks(tensor: Tensor, type_: Type, random: np.random.Generator) -> Iterator[Chunk]:
    """Yield the content in order; no piece is larger than `CHUNK_VALUES` in F32."""
    for start in range(0, tensor.num_values, CHUNK_VALUES):
        size = min(CHUNK_VALUES, tensor.num_values - start)
        content = tensor.content
        if isinstance(content, Constant):
            values = np.array(content.values, np.float32)
            yield np.resize(np.roll(values, -start % len(values)), size)
        elif type_ in RANDOM_BLOCKS:
            num_blocks = size // gguf.GGML_QUANT_SIZES[type_][0]
            yield RANDOM_BLOCKS[type_](random, content.scale, num_blocks)
        else:
            weights = random.standard_normal(size, dtype=np.float32)
            weights *= np.float32(content.scale)
            yield weights.astype(np.float16) if type_ is Type.F16 else weights
