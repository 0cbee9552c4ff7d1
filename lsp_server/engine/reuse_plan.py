"""What a new prompt uses again of a sequence that was computed before.  Pure.

Kept are the tokens that both have at their beginning; they stay where they are, and whatever of
them was exact is exact still.  Moved are runs behind a change: they keep their keys and values,
which were computed against slightly older text, and get their new positions by one K-shift.
Left are long runs that the prompt has no use for now: whoever jumps in a file comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.engine.splice import UNUSABLE, Run, common_prefix_length, find_runs

#: A shorter run costs more in sequences and staleness than its tokens do.
MIN_RUN_TOKENS = 8
#: Sequences of the runner that one splice may take for its runs.
MAX_RUNS = 6
#: What stands right before the cursor decides most of an answer.  Of so many tokens at a prompt's
#: end, those that were carried over more changes than this are computed again.
NEAR_TOKENS = 64
MAX_NEAR_AGE = 2
#: Stands for a new token that need not be computed; no old one is like it.
_HAS_CELL = -2
#: Of what a prompt does not use, runs of at least so many tokens are left, and so many of them.
MIN_LEFT_TOKENS = 32
MAX_LEFT_RUNS = 2
#: A K-shift costs about as much as 3 tokens, and what it leaves is computed again when idle: a
#: small gain is not worth it.
MIN_SAVED_TOKENS = 24


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run of cells behind a change.

    Attributes:
        sequence_id: The runner's sequence in which it lies.
        old_start: Position of its first token there.
        new_start: Position of its first token in the new prompt, or the same for one that is left.
        tokens: Its tokens.
        cells: Our number of each token's cell.
        ages: How often each token is then carried over a change before it.
    """

    sequence_id: int
    old_start: int
    new_start: int
    tokens: list[int]
    cells: list[int]
    ages: list[int]

    @property
    def num_positions(self) -> int:
        """How far it moves."""
        return self.new_start - self.old_start


@dataclass(frozen=True, slots=True)
class ReusePlan:
    """What a prompt uses again.

    Attributes:
        source: The sequence it comes from, or `None`: everything is computed.
        num_kept: Tokens at the beginning that stay as they are.
        moved: Runs behind the first change, in order.
        left: Runs that the prompt does not use.
    """

    source: KvSequence | None = None
    num_kept: int = 0
    moved: tuple[HeldRun, ...] = ()
    left: tuple[HeldRun, ...] = ()

    @property
    def num_reused(self) -> int:
        """Tokens that need not be computed."""
        return self.num_kept + sum(len(run.tokens) for run in self.moved)

    @property
    def num_shifted(self) -> int:
        """Tokens that get another position."""
        return sum(len(run.tokens) for run in self.moved if run.num_positions)

    @property
    def held_cells(self) -> set[int]:
        """Cells that are used again."""
        if self.source is None:
            return set()
        moved = (cell for run in self.moved for cell in run.cells)
        return {*self.source.cells[: self.num_kept], *moved}


def plan_splice(
    source: KvSequence,
    prompt: tuple[int, ...],
    num_wanted: int,
    *,
    max_age: int,
    num_owners: Callable[[int], int],
) -> ReusePlan:
    """Return how a prompt follows from the document's older sequence.

    Args:
        source: The older sequence; islands that a splice left behind are used too.
        prompt: The new tokens.
        num_wanted: Only so many of them may come from cells: the last one has to be computed
            if logits are wanted.
        max_age: A token that was carried over this many changes is computed again, near the end
            of the prompt after `MAX_NEAR_AGE`.
        num_owners: Owners of a cell; one that others own too must not move.
    """
    num_kept = common_prefix_length(source.tokens, prompt[:num_wanted])
    places = list(_places(source, num_kept, prompt, max_age, num_owners))
    found = find_runs(
        [place.token for place in places],
        prompt[num_kept:num_wanted],
        min_tokens=MIN_RUN_TOKENS,
        max_runs=MAX_RUNS,
    )
    near_start = len(prompt) - NEAR_TOKENS - num_kept
    cut = (_cut_where_too_old(run, places, near_start) for run in found)
    runs = tuple(run for run in cut if run.num_tokens >= MIN_RUN_TOKENS)
    if sum(run.num_tokens for run in runs) < MIN_SAVED_TOKENS:
        runs = ()
    moved = tuple(
        _held_run(places[run.old_start : run.old_end], num_kept + run.new_start) for run in runs
    )
    left = _left_runs(source, places, runs, prompt[num_kept:])
    return ReusePlan(source, num_kept, moved, left)


def _cut_where_too_old(run: Run, places: list[_Place], near_start: int) -> Run:
    """Return a run up to its first token that is too old to stand near the prompt's end."""
    for offset in range(max(near_start - run.new_start, 0), run.num_tokens):
        if places[run.old_start + offset].age > MAX_NEAR_AGE:
            return replace(run, num_tokens=offset)
    return run


def _held_run(places: list[_Place], new_start: int) -> HeldRun:
    return HeldRun(
        sequence_id=places[0].sequence_id,
        old_start=places[0].position,
        new_start=new_start,
        tokens=[place.token for place in places],
        cells=[place.cell for place in places],
        ages=[place.age for place in places],
    )


def _left_runs(
    source: KvSequence, places: list[_Place], runs: tuple[Run, ...], new: tuple[int, ...]
) -> tuple[HeldRun, ...]:
    """Return the longest runs that are not used, but for what is going to be computed again.

    An answer's tokens are forgotten.
    """
    unused = [place.token for place in places]
    computed = list(new)
    for run in runs:
        unused[run.old_start : run.old_end] = [UNUSABLE] * run.num_tokens
        computed[run.new_start : run.new_end] = [_HAS_CELL] * run.num_tokens
    twice = find_runs(unused, computed, min_tokens=MIN_RUN_TOKENS, max_runs=MAX_RUNS)
    for run in twice:
        unused[run.old_start : run.old_end] = [UNUSABLE] * run.num_tokens
    left: list[list[_Place]] = [[]]
    for token, place in zip(unused, places, strict=True):
        is_own = place.sequence_id == source.sequence_id
        if token == UNUSABLE or (is_own and place.position >= len(source.target)):
            left.append([])
        else:
            left[-1].append(place)
    long = [run for run in left if len(run) >= MIN_LEFT_TOKENS]
    longest = sorted(long, key=len, reverse=True)[:MAX_LEFT_RUNS]
    return tuple(_held_run(run, run[0].position) for run in longest)


@dataclass(frozen=True, slots=True)
class _Place:
    """One old token: where it lies, and its age once it is used again."""

    token: int
    sequence_id: int = -1
    position: int = -1
    cell: int = -1
    age: int = 0


_NO_PLACE = _Place(UNUSABLE)


def _places(
    source: KvSequence,
    num_kept: int,
    prompt: tuple[int, ...],
    max_age: int,
    num_owners: Callable[[int], int],
) -> Iterator[_Place]:
    """Yield the old tokens behind the kept ones; no run may go from one sequence to the next."""

    def place(token: int, sequence_id: int, position: int, cell: int, age: int) -> _Place:
        if age > max_age or num_owners(cell) > 1:
            return _NO_PLACE
        return _Place(token, sequence_id, position, cell, age)

    for position in range(num_kept, len(source.tokens)):
        yield place(
            source.tokens[position],
            source.sequence_id,
            position,
            source.cells[position],
            source.ages[position] + 1,
        )
    yield _NO_PLACE
    for island in source.islands:
        # The gap before an island may be computed for the same text as it was going to be.
        is_as_before = prompt[: island.start] == source.target[: island.start]
        yield _NO_PLACE
        for offset, token in enumerate(island.tokens):
            yield place(
                token,
                island.sequence_id,
                island.start + offset,
                island.cells[offset],
                island.ages[offset] + (not is_as_before),
            )
    for leftover in source.leftovers:
        yield _NO_PLACE
        for offset, token in enumerate(leftover.tokens):
            yield place(
                token,
                leftover.sequence_id,
                leftover.start + offset,
                leftover.cells[offset],
                leftover.ages[offset] + 1,
            )
