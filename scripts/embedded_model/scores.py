"""What is measured of a model, as plain values that need no library to read."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class HeldOutLoss:
    """Mean loss over held-out text.

    Bits per byte compare across vocabularies; nats per token do not.
    """

    nats_per_token: float
    bits_per_byte: float
    num_tokens: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class CopyingLoss:
    """Mean loss, in nats a token, of held-out text that is said twice.

    A network that copies hardly pays for the second time.
    """

    once: float
    twice: float


@dataclass(frozen=True, slots=True)
class LineScore:
    """How a network fills in single lines of held-out files, every token given those before.

    Attributes:
        exact: Share of the lines of which every token is the likeliest, and then an end.
        bits_per_char: What the lines cost.
        num_lines: How many there were.
    """

    exact: float
    bits_per_char: float
    num_lines: int


def wilson_interval(num_hits: int, num_cases: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927), which stays within 0 and 1."""
    share, z2 = num_hits / num_cases, _Z_95**2
    centre = share + z2 / (2 * num_cases)
    spread = _Z_95 * math.sqrt(share * (1 - share) / num_cases + z2 / (4 * num_cases**2))
    scale = 1 + z2 / num_cases
    return (centre - spread) / scale, (centre + spread) / scale
