"""Ratios of pairs, and how sure their median is."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

#: The least and the highest value that the true median has with a probability of 95 %, and the
#: median that was found between them: median, low, high.
Interval = tuple[float, float, float]

_SEED = 7
_NUM_RESAMPLES = 2_000


def ratios(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return the ratio of each pair."""
    return [one / other for one, other in zip(ours, others, strict=True)]


def interval(values: Sequence[float]) -> Interval:
    """Return the median of values and its 95 % bootstrap interval; the same values, the same."""
    numbers = random.Random(_SEED)
    medians = sorted(
        statistics.median(numbers.choices(values, k=len(values))) for _ in range(_NUM_RESAMPLES)
    )
    low, high = (medians[int(_NUM_RESAMPLES * share)] for share in (0.025, 0.975))
    return (round(statistics.median(values), 4), round(low, 4), round(high, 4))


def shown(found: Sequence[float], *, digits: int = 2) -> str:
    """Return an interval for people."""
    middle, low, high = (f"{value:.{digits}f}" for value in found)
    return f"{middle} ({low} to {high})"
