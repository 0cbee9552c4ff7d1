"""One axis of a picture: its range, and what is written along it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values.

    Attributes:
        low: Value at the left or lower end.
        high: Value at the other end, above `low`.
        ticks: Values with what is written beside them.
        is_logarithmic: Whether equal ratios take equal room; then `low` is above 0.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_logarithmic: bool = False

    def share(self, value: float) -> float:
        """Return where a value lies: 0 at the low end, 1 at the high one."""
        if self.is_logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def even_axis(
    low: float, high: float, label: Callable[[float], str], *, num_ticks: int = 5
) -> Axis:
    """Return a linear axis with ticks at equal distances; equal ends are moved apart a little."""
    high = max(high, low + 1e-9)
    step = (high - low) / (num_ticks - 1)
    values = [low + step * index for index in range(num_ticks)]
    return Axis(low, high, tuple((value, label(value)) for value in values))


def decades_axis(values: Sequence[float]) -> Axis:
    """Return a logarithmic axis that holds positive values, with a tick at each power of ten."""
    first = math.floor(math.log10(min(values)))
    last = max(math.ceil(math.log10(max(values))), first + 1)
    ticks = tuple((10.0**power, f"{10.0**power:,g}") for power in range(first, last + 1))
    return Axis(10.0**first, 10.0**last, ticks, is_logarithmic=True)


def named_axis(names: Sequence[str]) -> Axis:
    """Return an axis with a name in the middle of each unit of length."""
    ticks = tuple((index + 0.5, name) for index, name in enumerate(names))
    return Axis(0.0, float(len(names)), ticks)
