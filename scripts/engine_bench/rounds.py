"""In which order things are measured that are compared with each other.

Machines change their speed by the minute, and whoever runs second finds other caches: only
neighbours can be compared, and who of them is first has to change.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

_SEED = 7

Item = TypeVar("Item")


def interleaved(items: Sequence[Item], num_rounds: int) -> Iterator[tuple[Item, bool]]:
    """Yield every item once a round, in random order that is always the same.

    With each comes whether the first one of its two halves is to be measured first.  In two
    rounds that follow each other either half is first once.
    """
    numbers = random.Random(_SEED)
    is_first = {index: numbers.random() < 0.5 for index in range(len(items))}
    for _ in range(num_rounds):
        for index in numbers.sample(range(len(items)), len(items)):
            yield items[index], is_first[index]
            is_first[index] = not is_first[index]
