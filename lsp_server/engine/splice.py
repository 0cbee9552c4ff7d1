"""Which runs of tokens an edited prompt has in common with the old one.  Pure.

    old   B p p p p H s s s s s s E t t        what the cells hold
    new   B p p p p n n H s s s s s s E x      what is asked for
          └ kept ─┘     └── moved ───┘
                    └ computed ┘      └ computed

Runs keep their order.  They are found from short pieces that occur once on either side (as in
the patience diff) and grown in both directions, so repeated lines do not lead astray.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Stands for an old token that must not be used again; no prompt holds it.
UNUSABLE = -1

#: Tokens of the pieces by which runs are found.
_PIECE_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens that both prompts have: `old[old_start:old_end] == new[new_start:new_end]`."""

    old_start: int
    new_start: int
    num_tokens: int

    @property
    def old_end(self) -> int:
        """Index after its last old token."""
        return self.old_start + self.num_tokens

    @property
    def new_end(self) -> int:
        """Index after its last new token."""
        return self.new_start + self.num_tokens


def find_runs(
    old: Sequence[int], new: Sequence[int], *, min_tokens: int, max_runs: int
) -> tuple[Run, ...]:
    """Return the longest runs of at least `min_tokens` tokens, in order, none overlapping.

    Args:
        old: Tokens whose cells exist; `UNUSABLE` where they must not be used.
        new: Tokens that are wanted.
        min_tokens: Shorter runs are not worth a sequence of their own.
        max_runs: Only so many, the longest, are returned.
    """
    matches = _ascending(_unique_matches(old, new))
    runs = [run for run in _grown(matches, old, new) if run.num_tokens >= min_tokens]
    longest = sorted(runs, key=lambda run: run.num_tokens, reverse=True)[:max_runs]
    return tuple(sorted(longest, key=lambda run: run.new_start))


def common_prefix_length(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens two lists have in common at their start."""
    most = min(len(left), len(right))
    start = 0
    for stride in (256, 16, 1):
        while start < most and list(left[start : start + stride]) == list(
            right[start : start + stride]
        ):
            start = min(start + stride, most)
    return start


def _unique_matches(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Return where pieces begin that occur once in either list, as (old, new), by new."""
    in_old = _unique_pieces(old)
    in_new = _unique_pieces(new)
    return [(in_old[piece], start) for piece, start in in_new.items() if piece in in_old]


def _unique_pieces(tokens: Sequence[int]) -> dict[tuple[int, ...], int]:
    starts: dict[tuple[int, ...], int] = {}
    repeated = set()
    for start in range(len(tokens) - _PIECE_TOKENS + 1):
        piece = tuple(tokens[start : start + _PIECE_TOKENS])
        if piece in starts:
            repeated.add(piece)
        else:
            starts[piece] = start
    return {piece: start for piece, start in starts.items() if piece not in repeated}


def _ascending(matches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest part of the matches whose old places ascend with the new ones."""
    smallest_ends: list[int] = []
    indices: list[int] = []
    previous: list[int] = []
    for index, (old_start, _) in enumerate(matches):
        length = bisect_left(smallest_ends, old_start)
        previous.append(indices[length - 1] if length else -1)
        smallest_ends[length : length + 1] = [old_start]
        indices[length : length + 1] = [index]
    chain = []
    index = indices[-1] if indices else -1
    while index >= 0:
        chain.append(matches[index])
        index = previous[index]
    return chain[::-1]


def _grown(matches: Iterable[tuple[int, int]], old: Sequence[int], new: Sequence[int]) -> list[Run]:
    """Return the runs around matches, each as long as the tokens agree and no run overlaps."""
    runs: list[Run] = []
    old_floor = new_floor = 0
    for old_place, new_place in matches:
        if old_place < old_floor or new_place < new_floor:
            continue
        old_start, new_start = old_place, new_place
        while (
            old_start > old_floor
            and new_start > new_floor
            and old[old_start - 1] == new[new_start - 1]
        ):
            old_start, new_start = old_start - 1, new_start - 1
        old_floor, new_floor = old_place, new_place
        while old_floor < len(old) and new_floor < len(new) and old[old_floor] == new[new_floor]:
            old_floor, new_floor = old_floor + 1, new_floor + 1
        runs.append(Run(old_start, new_start, old_floor - old_start))
    return runs
