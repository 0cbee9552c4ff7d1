"""Random weights that follow from a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float32]


class RandomWeights:
    """Draws one tensor after the other; F32, so that results are repeatable."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def matrix(self, *shape: int) -> Weights:
        """Return `[..., rows, columns]` whose products are about as large as what goes in."""
        # Variance of 1 / columns keeps the size of the values from layer to layer.
        scale = np.float32(1 / np.sqrt(shape[-1]))
        return self._random.standard_normal(shape, dtype=np.float32) * scale

    def vector(self, size: int) -> Weights:
        """Return `[size]` small numbers, as biases are."""
        return self._random.standard_normal(size, dtype=np.float32) * np.float32(0.1)


def ones(size: int) -> Weights:
    """Return `[size]` times 1, which norms begin with."""
    return np.ones(size, np.float32)
