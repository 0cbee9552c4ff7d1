"""Random blocks of the quantised formats, written directly: valid, and of a wanted spread.

A block holds small integers and the factors that they are multiplied by.  Random integers with
fixed factors are random weights; nothing has to be quantised.  Where the integers' mean is not 0,
factors have random signs, so that the mean has no direction that matrices would add up.

Source of the formats: ggml/src/ggml-common.h and dequantize_row_* in ggml-quants.c of llama.cpp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType as Type

Bytes = npt.NDArray[np.uint8]
_SIGN_OF_F16 = 0x8000
#: Of the 6-bit factors of Q4_K and the 8-bit ones of Q6_K, so that the common one is no
#: denormal number.
_K_FACTOR = 8
_Q6_FACTOR = 16


def _spread(num_levels: int) -> float:
    """Return the standard deviation of equally likely integers."""
    return float(((num_levels**2 - 1) / 12) ** 0.5)


def _half(value: float, num_blocks: int) -> npt.NDArray[np.uint16]:
    return np.full(num_blocks, np.float16(value)).view(np.uint16)


def _signed(random: np.random.Generator, value: float, num_blocks: int) -> Bytes:
    """Return `[num_blocks, 2]`: an F16 number with random signs."""
    signs = random.integers(0, 2, num_blocks, dtype=np.uint16) * np.uint16(_SIGN_OF_F16)
    return (_half(value, num_blocks) | signs).view(np.uint8).reshape(num_blocks, 2)


def _any(random: np.random.Generator, num_blocks: int, num_bytes: int) -> Bytes:
    return random.integers(0, 256, (num_blocks, num_bytes), dtype=np.uint8)


def _q8_0(random: np.random.Generator, scale: float, num_blocks: int) -> Bytes:
    factor = _signed(random, scale / _spread(256), num_blocks)
    return np.concatenate([factor, _any(random, num_blocks, 32)], axis=1)


def _q4_0(random: np.random.Generator, scale: float, num_blocks: int) -> Bytes:
    factor = _signed(random, scale / _spread(16), num_blocks)
    return np.concatenate([factor, _any(random, num_blocks, 16)], axis=1)


def _q5_0(random: np.random.Generator, scale: float, num_blocks: int) -> Bytes:
    factor = _signed(random, scale / _spread(32), num_blocks)
    return np.concatenate([factor, _any(random, num_blocks, 4 + 16)], axis=1)


def _q4_k(random: np.random.Generator, scale: float, num_blocks: int) -> Bytes:
    """Weights are `factor * 8 * q - offset * 8`; the offset is the factor times the mean of q."""
    factor = float(np.float16(scale / (_spread(16) * _K_FACTOR)))
    factors = np.stack([_half(factor, num_blocks), _half(7.5 * factor, num_blocks)], axis=1)
    # Eight 6-bit factors and eight 6-bit offsets; the last bytes hold low halves of both.
    packed = np.array([_K_FACTOR] * 8 + [_K_FACTOR | _K_FACTOR << 4] * 4, np.uint8)
    return np.concatenate(
        [
            factors.view(np.uint8).reshape(num_blocks, 4),
            np.broadcast_to(packed, (num_blocks, 12)),
            _any(random, num_blocks, 128),
        ],
        axis=1,
    )


def _q6_k(random: np.random.Generator, scale: float, num_blocks: int) -> Bytes:
    signs = random.integers(0, 2, (num_blocks, 16), dtype=np.int8) * 2 - 1
    factor = _half(scale / (_spread(64) * _Q6_FACTOR), num_blocks)
    return np.concatenate(
        [
            _any(random, num_blocks, 128 + 64),
            (signs * np.int8(_Q6_FACTOR)).view(np.uint8),
            factor.view(np.uint8).reshape(num_blocks, 2),
        ],
        axis=1,
    )


#: Each returns `[num_blocks, bytes of a block]` with weights of about the wanted deviation.
RANDOM_BLOCKS: Mapping[Type, Callable[[np.random.Generator, float, int], Bytes]] = {
    Type.Q8_0: _q8_0,
    Type.Q4_0: _q4_0,
    Type.Q5_0: _q5_0,
    Type.Q4_K: _q4_k,
    Type.Q6_K: _q6_k,
}
