"""In which order things are measured that are compared with each other.

Machines change their speed by the minute, and whoever runs second finds other caches: only
neighbours can be compared, and who of them is first has to change.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

_SEED = 7

Item = TypeVar("Item")


def add_minutes_option(parser: argparse.ArgumentParser) -> None:
    """Add the option to end before all rounds are through."""
    parser.add_argument(
        "--minutes",
        type=float,
        help="begin no round after so many (default: all rounds are measured)",
    )


def interleaved(
    items: Sequence[Item], num_rounds: int, minutes: float | None = None
) -> Iterator[tuple[Item, bool]]:
    """Yield every item once a round, in random order that is always the same.

    With each comes whether the first one of its two halves is to be measured first.  In two
    rounds that follow each other either half is first once.  The first round is always whole;
    after `minutes` no other one begins.
    """
    end_s = math.inf if minutes is None else time.monotonic() + minutes * 60.0
    numbers = random.Random(_SEED)
    is_first = {index: numbers.random() < 0.5 for index in range(len(items))}
    for number in range(num_rounds):
        if number and time.monotonic() > end_s:
            return
        for index in numbers.sample(range(len(items)), len(items)):
            yield items[index], is_first[index]
            is_first[index] = not is_first[index]
