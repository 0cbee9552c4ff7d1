"""Measuring on a fake runner whose steps take what the test says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lsp_server.engine.calibration import Calibrator, Room
from lsp_server.engine.runners.base import BatchToken, Logits, RunnerLimits, SequenceState
from lsp_server.engine.runners.fake import FakeRunner, hashed_logits
from tests.support.engine import FakeClock

LIMITS = RunnerLimits(context_tokens=512, num_cells=512, max_sequences=8, max_batch_tokens=64)
ROOM = Room(tuple(range(8)), 512)


class TimedRunner(FakeRunner):
    """Takes 10 ms a step, 2 ms a token, 5 ms for moving cells; any step may be disturbed."""

    def __init__(
        self, clock: FakeClock, limits: RunnerLimits = LIMITS, *, can_shift: bool = True
    ) -> None:
        super().__init__(hashed_logits, limits, can_shift=can_shift)
        self.clock = clock
        self.disturbances_ms: dict[int, float] = {}
        self.batch_sizes: list[int] = []
        self.aborts_at: set[int] = set()

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        self.clock.now_s += 0.005 if self.has_pending_shift else 0.0
        self.clock.now_s += 0.010 + 0.002 * len(batch)
        self.clock.now_s += self.disturbances_ms.get(self.num_forwards, 0.0) / 1_000.0
        self.batch_sizes.append(len(batch))
        logits = super().forward(batch)
        return None if self.num_forwards - 1 in self.aborts_at else logits

    def save_state(self, sequence_id: int) -> SequenceState:
        self.clock.now_s += 0.064
        return super().save_state(sequence_id)


def calibrate(runner: TimedRunner, room: Room = ROOM) -> Calibrator:
    calibrator = Calibrator(runner, runner.clock)
    while not calibrator.is_done:
        calibrator.run_once(room, lambda: False)
        assert runner.cells == {}, "everything is given back"
    return calibrator


def test_every_cost_is_found() -> None:
    measured = calibrate(TimedRunner(FakeClock())).measurements()
    assert measured.prefill_ms == pytest.approx({16: 42.0, 32: 74.0, 64: 138.0})
    assert measured.decode_ms == pytest.approx({1: 12.0, 2: 14.0, 4: 18.0, 8: 26.0})
    assert measured.shift_ms == pytest.approx(5.0)
    assert measured.save_ms_per_token == pytest.approx(1.0)
    assert measured.restore_ms_per_token == pytest.approx(0.0, abs=1e-6)


def test_a_slow_beginning_and_single_disturbances_do_not_count() -> None:
    runner = TimedRunner(FakeClock())
    runner.disturbances_ms = {0: 60_000.0, 3: 900.0, 20: 500.0}
    measured = calibrate(runner).measurements()
    assert measured.prefill_ms == pytest.approx({16: 42.0, 32: 74.0, 64: 138.0})
    assert measured.decode_ms == pytest.approx({1: 12.0, 2: 14.0, 4: 18.0, 8: 26.0})


def test_measurements_do_not_fall_with_size_whatever_the_noise() -> None:
    runner = TimedRunner(FakeClock())
    runner.disturbances_ms = {number: (number * 7_919) % 50 for number in range(1_000)}
    measured = calibrate(runner).measurements()
    for times in (measured.prefill_ms, measured.decode_ms):
        assert list(times.values()) == sorted(times.values())


def test_large_chunks_of_a_slow_model_are_not_tried() -> None:
    runner = TimedRunner(FakeClock())
    runner.disturbances_ms = dict.fromkeys(range(1_000), 390.0)
    measured = calibrate(runner).measurements()
    assert list(measured.prefill_ms) == [16]
    assert 32 not in runner.batch_sizes


def test_cells_that_cannot_move_are_not_moved() -> None:
    measured = calibrate(TimedRunner(FakeClock(), can_shift=False)).measurements()
    assert measured.shift_ms is None


def test_one_sequence_is_enough() -> None:
    limits = RunnerLimits(context_tokens=128, num_cells=128, max_sequences=1, max_batch_tokens=64)
    runner = TimedRunner(FakeClock(), limits)
    measured = calibrate(runner, Room((0,), 128)).measurements()
    assert list(measured.decode_ms) == [1]


def test_what_has_no_room_is_left_out() -> None:
    measured = calibrate(TimedRunner(FakeClock()), Room((3, 5), 64)).measurements()
    assert list(measured.decode_ms) == [1, 2]
    assert list(measured.prefill_ms) == [16, 32, 64]


def test_there_has_to_be_some_room() -> None:
    calibrator = Calibrator(TimedRunner(FakeClock()), FakeClock())
    assert calibrator.can_go_on(ROOM)
    assert not calibrator.can_go_on(Room((), 512))
    assert not calibrator.can_go_on(Room((0,), 15))


def test_a_request_comes_first_and_measuring_goes_on_afterwards() -> None:
    runner = TimedRunner(FakeClock())
    calibrator = Calibrator(runner, runner.clock)
    assert not calibrator.run_once(ROOM, lambda: True)
    assert runner.num_forwards == 0, "not even one step was computed"
    runner.aborts_at = {0, 4, 9, 10, 11}
    was_measured = []
    while not calibrator.is_done:
        was_measured.append(calibrator.run_once(ROOM, lambda: False))
        assert runner.cells == {}, "an aborted piece leaves nothing behind"
    assert False in was_measured
    assert calibrator.measurements().prefill_ms[16] == pytest.approx(42.0)


def test_progress_only_rises() -> None:
    runner = TimedRunner(FakeClock())
    calibrator = Calibrator(runner, runner.clock)
    fractions = [calibrator.fraction]
    while not calibrator.is_done:
        calibrator.run_once(ROOM, lambda: False)
        fractions.append(calibrator.fraction)
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
