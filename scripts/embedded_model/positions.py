"""Positions with jumps, so that short rows teach distances of the whole context.

After PoSE (arXiv 2309.10400): a row is cut at random places, and each piece starts some way behind
the one before.  A network that saw rows of 256 tokens only is lost in prompts of 500.
"""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

MAX_JUMPS = 3


def draw_positions(num_tokens: int, context_tokens: int, rng: Random) -> NDArray[np.int64]:
    """Rising positions below `context_tokens`, `[num_tokens]`, with up to `MAX_JUMPS` jumps."""
    positions = np.arange(num_tokens)
    room = rng.randint(0, max(0, context_tokens - num_tokens))
    num_jumps = rng.randint(1, MAX_JUMPS)
    for place in (rng.randrange(num_tokens) for _ in range(num_jumps)):
        positions[place:] += rng.randint(0, room // num_jumps)
    return positions
