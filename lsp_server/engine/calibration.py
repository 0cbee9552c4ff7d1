"""Measuring a loaded model, in small pieces between which requests can come.

Each piece takes free sequences and free cells, computes a few steps, and gives all of them back:
the KV cache does not notice.  A piece that was aborted is begun anew later.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from lsp_server.engine.code_sample import CODE_SAMPLE
from lsp_server.engine.cost_model import Measurements
from lsp_server.engine.runners.base import BatchToken, Runner

#: Tokens of the smallest chunk; further ones double, up to what the library takes.
_FIRST_CHUNK = 16
#: Sequences that write together.
_WIDTHS = (1, 2, 4, 8)
#: Tokens before a token that is written.
_DEPTH = 16
#: Steps that are timed for each filling of the cells.
_STEPS = 3
#: Tokens of a sequence that is saved and restored.
_SAVED_TOKENS = 64
#: A median of fewer is no median; of more is no better.
_MIN_SAMPLES = 3
_MAX_SAMPLES = 15
#: Enough was seen of something after this time, ...
_ENOUGH_MS = 400.0
#: ... and larger chunks are not tried where one takes so long.
_LONG_CHUNK_MS = 400.0
#: Nothing takes no time at all, whatever the clock says.
_CLOCK_MS = 1e-6

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Room:
    """What is free of a runner.

    Attributes:
        sequence_ids: Ids of empty sequences.
        num_cells: Cells that nobody owns or has reserved.
    """

    sequence_ids: tuple[int, ...]
    num_cells: int

    def holds(self, num_sequences: int, num_cells: int) -> bool:
        """Return whether so much is free."""
        return len(self.sequence_ids) >= num_sequences and self.num_cells >= num_cells


class _Interrupted(Exception):
    """A request came."""


class _Bench:
    """A runner, free sequences of it, and a clock."""

    def __init__(
        self, runner: Runner, clock: Callable[[], float], should_stop: Callable[[], bool]
    ) -> None:
        self.runner = runner
        self._clock = clock
        self._should_stop = should_stop
        self._tokens = runner.vocabulary.tokenize(CODE_SAMPLE)

    def extend_ms(self, num_tokens: int, *sequence_ids: int, wants_logits: bool = False) -> float:
        """Compute so many more tokens of each sequence in one step; return milliseconds.

        Raises:
            _Interrupted: A request came; some of the tokens may be there.
        """
        if self._should_stop():
            raise _Interrupted
        batch = [
            BatchToken(
                self._tokens[position % len(self._tokens)],
                position,
                sequence_id,
                wants_logits and position == end - 1,
            )
            for sequence_id in sequence_ids
            for end in (self.runner.end_position(sequence_id) + num_tokens,)
            for position in range(end - num_tokens, end)
        ]
        ms, logits = self.timed(lambda: self.runner.forward(batch))
        if logits is None:
            raise _Interrupted
        return ms

    def timed(self, work: Callable[[], _Result]) -> tuple[float, _Result]:
        """Return the milliseconds that something takes, and what it returns."""
        started_s = self._clock()
        result = work()
        return max((self._clock() - started_s) * 1_000.0, _CLOCK_MS), result

    @contextmanager
    def clearing(self, *sequence_ids: int) -> Iterator[None]:
        """Empty sequences in the end, however that comes."""
        try:
            yield
        finally:
            for sequence_id in sequence_ids:
                self.runner.remove_cells(sequence_id, 0, None)


class _Probe(Protocol):
    """One thing to measure.

    Attributes:
        num_sequences: Free sequences that it needs.
        num_cells: Free cells that it needs.
    """

    @property
    def num_sequences(self) -> int: ...

    @property
    def num_cells(self) -> int: ...

    def run(self, bench: _Bench, ids: tuple[int, ...]) -> list[tuple[float, ...]]:
        """Measure once and return samples; each has as many numbers as the probe gives."""
        ...


@dataclass(frozen=True, slots=True)
class _Prefill:
    size: int
    num_sequences: int = 1

    @property
    def num_cells(self) -> int:
        return self.size

    def run(self, bench: _Bench, ids: tuple[int, ...]) -> list[tuple[float, ...]]:
        return [(bench.extend_ms(self.size, ids[0]),)]


@dataclass(frozen=True, slots=True)
class _Decode:
    num_sequences: int

    @property
    def num_cells(self) -> int:
        return self.num_sequences * (_DEPTH + _STEPS)

    def run(self, bench: _Bench, ids: tuple[int, ...]) -> list[tuple[float, ...]]:
        for sequence_id in ids:
            bench.extend_ms(_DEPTH, sequence_id)
        return [(bench.extend_ms(1, *ids, wants_logits=True),) for _ in range(_STEPS)]


@dataclass(frozen=True, slots=True)
class _Shift:
    """What moving cells adds to a step with one token."""

    num_sequences: int = 1
    num_cells: int = _DEPTH + 2

    def run(self, bench: _Bench, ids: tuple[int, ...]) -> list[tuple[float, ...]]:
        bench.extend_ms(_DEPTH, ids[0])
        plain_ms = bench.extend_ms(1, ids[0], wants_logits=True)
        bench.runner.shift_cells(ids[0], 1)
        end = bench.runner.end_position(ids[0])
        # Never given up: cells that are half moved would spoil every later answer.
        batch = [BatchToken(0, end, ids[0], wants_logits=True)]
        moving_ms, _ = bench.timed(lambda: bench.runner.forward(batch))
        return [(max(moving_ms - plain_ms, 0.0),)]


@dataclass(frozen=True, slots=True)
class _Save:
    """What copying a token out of the cache and back takes."""

    num_sequences: int = 1
    num_cells: int = _SAVED_TOKENS

    def run(self, bench: _Bench, ids: tuple[int, ...]) -> list[tuple[float, ...]]:
        bench.extend_ms(_SAVED_TOKENS, ids[0])
        save_ms, state = bench.timed(lambda: bench.runner.save_state(ids[0]))
        bench.runner.remove_cells(ids[0], 0, None)
        restore_ms, _ = bench.timed(lambda: bench.runner.restore_state(ids[0], state))
        return [(save_ms / _SAVED_TOKENS, restore_ms / _SAVED_TOKENS)]


@dataclass(slots=True)
class _Item:
    """A probe and what it found so far."""

    probe: _Probe
    samples: list[tuple[float, ...]] = field(default_factory=list)
    is_left_out: bool = False

    @property
    def is_done(self) -> bool:
        if self.is_left_out or len(self.samples) >= _MAX_SAMPLES:
            return True
        spent_ms = sum(sum(sample) for sample in self.samples)
        return len(self.samples) >= _MIN_SAMPLES and spent_ms >= _ENOUGH_MS

    @property
    def medians(self) -> tuple[float, ...] | None:
        """The median of each number; `None` where nothing was measured."""
        if self.is_left_out or not self.samples:
            return None
        return tuple(statistics.median(column) for column in zip(*self.samples, strict=True))


class Calibrator:
    """Measures one runner, piece by piece.  Belongs to the runner's thread."""

    def __init__(self, runner: Runner, clock: Callable[[], float]) -> None:
        """Start with nothing measured.

        Args:
            runner: What to measure.
            clock: Monotonic seconds.
        """
        self._runner = runner
        self._clock = clock
        limits = runner.limits
        sizes = _doubling(_FIRST_CHUNK, min(limits.max_batch_tokens, limits.context_tokens))
        self._prefills = {size: _Item(_Prefill(size)) for size in sizes}
        self._decodes = {
            width: _Item(_Decode(width)) for width in _WIDTHS if width <= limits.max_sequences
        }
        self._shift = _Item(_Shift(), is_left_out=not runner.shift_support.is_allowed)
        self._save = _Item(_Save())
        self._is_warm = False

    @property
    def is_done(self) -> bool:
        """Whether everything was measured that can be."""
        return all(item.is_done for item in self._items)

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        return sum(item.is_done for item in self._items) / len(self._items)

    def can_go_on(self, room: Room) -> bool:
        """Return whether there is something to measure and room for the least of it."""
        return not self.is_done and room.holds(1, max(_FIRST_CHUNK, self._save.probe.num_cells))

    def run_once(self, room: Room, should_stop: Callable[[], bool]) -> bool:
        """Measure one thing once; everything in turn, so that all have the same disturbances.

        The very first time is not counted: weights come from the disk.  What there is no room
        for is left out.

        Args:
            room: What of the runner is free.
            should_stop: Whether a request came; asked before every step.

        Returns:
            Whether it was measured, and not interrupted.

        Raises:
            EngineError: The library failed.
        """
        missing = (item for item in self._items if not item.is_done)
        item = min(missing, key=lambda item: len(item.samples))
        probe = item.probe
        if not room.holds(probe.num_sequences, probe.num_cells):
            item.is_left_out = True
            return True
        ids = room.sequence_ids[: probe.num_sequences]
        bench = _Bench(self._runner, self._clock, should_stop)
        try:
            with bench.clearing(*ids):
                if probe is self._save.probe and not self._can_save(bench, ids[0]):
                    item.is_left_out = True
                    return True
                samples = probe.run(bench, ids)
        except _Interrupted:
            return False
        if self._is_warm:
            item.samples += samples
            self._skip_slow_chunks()
        self._is_warm = True
        return True

    def measurements(self, *, was_busy: bool = False) -> Measurements:
        """Return the medians of what was measured; to be called when it is done.

        Args:
            was_busy: Whether other programs took the processor meanwhile.
        """
        shift, save = self._shift.medians, self._save.medians
        return Measurements(
            prefill_ms=_of_sizes(self._prefills),
            decode_ms=_of_sizes(self._decodes),
            shift_ms=None if shift is None else shift[0],
            save_ms_per_token=None if save is None else save[0],
            restore_ms_per_token=None if save is None else save[1],
            was_busy=was_busy,
        )

    @property
    def _items(self) -> list[_Item]:
        return [*self._prefills.values(), *self._decodes.values(), self._shift, self._save]

    def _can_save(self, bench: _Bench, sequence_id: int) -> bool:
        bench.extend_ms(1, sequence_id)
        try:
            return bool(self._runner.state_bytes(sequence_id))
        finally:
            self._runner.remove_cells(sequence_id, 0, None)

    def _skip_slow_chunks(self) -> None:
        """Leave out chunks that would take long; what they cost follows from smaller ones."""
        for size, item in self._prefills.items():
            medians = item.medians
            if medians is not None and medians[0] >= _LONG_CHUNK_MS:
                for larger in self._prefills:
                    if larger > size and not self._prefills[larger].samples:
                        self._prefills[larger].is_left_out = True


def _doubling(first: int, last: int) -> list[int]:
    sizes = [min(first, last)]
    while sizes[-1] * 2 <= last:
        sizes.append(sizes[-1] * 2)
    return sizes


def _of_sizes(items: dict[int, _Item]) -> dict[int, float]:
    """Return the medians by size, in order; where more took less, both get their mean."""
    medians = {size: item.medians for size, item in items.items()}
    known = {size: found[0] for size, found in medians.items() if found is not None}
    blocks: list[list[float]] = []
    for ms in known.values():
        blocks.append([ms])
        while len(blocks) > 1 and statistics.fmean(blocks[-2]) > statistics.fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    smooth = [statistics.fmean(block) for block in blocks for _ in block]
    return dict(zip(known, smooth, strict=True))
