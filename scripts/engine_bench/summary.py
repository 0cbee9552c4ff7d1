"""Numbers in few numbers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """Some values of one kind.

    Attributes:
        num_values: How many there were.
        mean: Their mean; 0 if there were none.
        p50: Half of them are at most this.
        p95: 95 of 100 are at most this.
    """

    num_values: int
    mean: float
    p50: float
    p95: float


def summarise(values: Sequence[float]) -> Summary:
    """Return mean and percentiles; the latter are values that occur (nearest rank)."""
    if not values:
        return Summary(0, 0.0, 0.0, 0.0)
    return Summary(
        num_values=len(values),
        mean=statistics.fmean(values),
        p50=percentile(values, 50),
        p95=percentile(values, 95),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least so many of 100 do not exceed."""
    ordered = sorted(values)
    rank = max(1, math.ceil(len(ordered) * percent / 100))
    return ordered[rank - 1]
