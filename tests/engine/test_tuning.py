"""Measuring in the pauses of an engine, and what it changes."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lsp_server.engine.api import EndEvent, Priority
from lsp_server.engine.calibration import Room
from lsp_server.engine.calibration_store import CalibrationStore
from lsp_server.engine.cost_model import Measurements, Targets
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.local import LocalEngine
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.runners.base import BatchToken, Logits, RunnerLimits
from lsp_server.engine.runners.fake import FakeRunner, hashed_logits, scripted_logits
from lsp_server.engine.runners.fake_models import load_fake_model
from lsp_server.engine.step_sizes import StepPolicy
from lsp_server.engine.tuning import Tuner, TuningPlan
from lsp_server.errors import EngineError
from tests.engine.test_calibration_store import KEY, MEASURED
from tests.support.engine import SMALL_LIMITS, FakeClock, SchedulerHarness, make_request

TARGETS = Targets(step_ms=150.0, first_ms=5_000.0, answer_ms=2_000.0)
ROOM = Room(tuple(range(8)), 512)


def plan_in(folder: Path, load: Callable[[], float] = lambda: 0.0) -> TuningPlan:
    return TuningPlan(KEY, CalibrationStore(folder), TARGETS, load)


def tuner_in(folder: Path, load: float = 0.0, runner: FakeRunner | None = None) -> Tuner:
    runner = runner or FakeRunner(hashed_logits)
    return Tuner(plan_in(folder, lambda: load), runner, FakeClock())


def finish(tuner: Tuner) -> Measurements:
    for _ in range(1_000):
        measured = tuner.measure(ROOM, lambda: False)
        if measured is not None:
            return measured
    raise AssertionError("it never ends")


def test_first_use_measures_and_later_ones_know(tmp_path: Path) -> None:
    first = tuner_in(tmp_path)
    assert (first.is_measuring, first.budgets) == (True, None)
    measured = finish(first)
    assert not first.is_measuring
    later = tuner_in(tmp_path)
    assert (later.is_measuring, later.measured) == (False, measured)
    assert later.budgets == first.budgets is not None


def test_what_was_measured_on_a_busy_machine_serves_until_it_is_quiet(tmp_path: Path) -> None:
    assert finish(tuner_in(tmp_path, load=5.0)).was_busy
    still_busy = tuner_in(tmp_path, load=5.0)
    assert not still_busy.can_measure(ROOM)
    assert still_busy.is_measuring, "clients are to ask again"
    quiet = tuner_in(tmp_path, load=0.1)
    assert quiet.is_measuring
    assert quiet.budgets is not None, "what is known serves meanwhile"
    assert not finish(quiet).was_busy
    assert not tuner_in(tmp_path, load=0.1).is_measuring


def test_a_loaded_model_is_measured_again_when_the_machine_is_quiet(tmp_path: Path) -> None:
    clock, load = FakeClock(), [5.0]
    tuner = Tuner(plan_in(tmp_path, lambda: load[0]), FakeRunner(hashed_logits), clock)
    finish(tuner)
    load[0] = 0.0
    clock.now_s = 59.0
    assert not tuner.can_measure(ROOM), "it looks now and then"
    clock.now_s = 61.0
    assert tuner.can_measure(ROOM)
    assert not finish(tuner).was_busy
    assert not tuner.is_measuring


def test_a_library_that_fails_is_not_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runner = FakeRunner(hashed_logits)
    tuner = tuner_in(tmp_path, runner=runner)

    def fail(_batch: object) -> None:
        raise EngineError("it broke")

    runner.forward = fail  # type: ignore[method-assign, assignment]  # a fault from below
    assert tuner.measure(ROOM, lambda: False) is None
    assert not tuner.can_measure(ROOM)
    assert "it broke" in caplog.text


# In an engine


async def eventually(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60.0):
        while not is_so():  # noqa: ASYNC110 - another thread does it
            await asyncio.sleep(0.01)


def loading(runner: FakeRunner, plan: TuningPlan) -> Callable[[str, ReportProgress], LoadedRunner]:
    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        info = load_fake_model("fake", report_progress).info
        return LoadedRunner(runner, info, tuning=plan)

    return load


async def test_engine_measures_in_a_pause_and_says_so(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    runner = FakeRunner(scripted_logits("x"))
    engine = LocalEngine(loading(runner, plan))
    first = await engine.describe("fake")
    assert (first.budgets, first.is_measuring) == (None, True)
    await eventually(lambda: plan.store.read(KEY) is not None)
    info: ModelInfo = await engine.describe("fake")
    while info.is_measuring:
        info = await engine.describe("fake")
    assert info.budgets is not None
    status = await engine.status()
    assert status.models[0].cells_used == 0
    assert runner.cells == {}
    await engine.aclose()


async def test_engine_that_knows_does_not_measure(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    plan.store.write(KEY, MEASURED)
    runner = FakeRunner(scripted_logits("x"))
    engine = LocalEngine(loading(runner, plan))
    info = await engine.describe("fake")
    assert (info.budgets is not None, info.is_measuring) == (True, False)
    await engine.aclose()
    assert runner.num_forwards == 0


class HeldRunner(FakeRunner):
    """Its first step while it is held lasts until it is aborted."""

    def __init__(self) -> None:
        super().__init__(scripted_logits("x"))
        self.is_in_step = threading.Event()
        self.is_held = True
        self.was_aborted = False

    def request_abort(self) -> None:
        self.was_aborted = True
        self._delay_s = 0.0
        super().request_abort()

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        if self.is_held:
            self.is_held = False
            self._delay_s = 600.0
            self.is_in_step.set()
        return super().forward(batch)


async def test_a_request_aborts_the_measurement_that_goes_on_later(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    runner = HeldRunner()
    engine = LocalEngine(loading(runner, plan))
    await engine.describe("fake")
    await eventually(runner.is_in_step.is_set)
    events = [event async for event in engine.generate(make_request())]
    assert isinstance(events[-1], EndEvent)
    assert events[-1].error is None
    assert runner.was_aborted
    await eventually(lambda: plan.store.read(KEY) is not None)
    await engine.aclose()


async def test_an_engine_that_measures_can_be_closed(tmp_path: Path) -> None:
    runner = HeldRunner()
    engine = LocalEngine(loading(runner, plan_in(tmp_path)))
    await engine.describe("fake")
    await eventually(runner.is_in_step.is_set)
    async with asyncio.timeout(60.0):
        await engine.aclose()


# In the scheduler


def test_steps_have_the_size_that_was_found() -> None:
    harness = SchedulerHarness()
    policy = StepPolicy.for_batches_of(64, max_step_tokens=64, target_step_ms=100.0)
    harness.scheduler.tune(policy, {16: 40.0, 32: 80.0, 64: 160.0})
    harness.submit(prompt="p" * 300, priority=Priority.WARM, max_tokens=0)
    assert len(harness.step().batch()) == 40


def test_steps_of_an_action_grow_while_nobody_types() -> None:
    limits = RunnerLimits(
        context_tokens=2_048, num_cells=2_048, max_sequences=8, max_batch_tokens=256
    )
    harness = SchedulerHarness(limits=limits)
    policy = StepPolicy.for_batches_of(256, max_step_tokens=64, target_step_ms=100.0)
    harness.scheduler.tune(policy, {16: 100.0, 32: 200.0, 64: 400.0, 256: 1_600.0})
    harness.submit(prompt="p" * 1_500, document_key="action", priority=Priority.ACTION)
    assert len(harness.step().batch()) == 256, "nobody has typed yet"

    key = harness.submit(prompt="key", document_key="typed", max_tokens=1)
    while not key.ends:
        harness.step()
    sizes = []
    for silence_s in (0.0, 1.9, 2.0, 4.0, 8.0, 100.0):
        harness.clock.now_s = silence_s
        sizes.append(len(harness.step().batch()))
    assert sizes == pytest.approx([16, 16, 32, 64, 128, 256], rel=0.1)


@pytest.mark.parametrize(
    ("num_tokens", "sizes"),
    [(64, [64]), (65, [65]), (128, [128]), (129, [64, 65]), (212, [64, 64, 84])],
)
def test_the_last_step_of_a_prompt_takes_the_few_tokens_left(
    num_tokens: int, sizes: list[int]
) -> None:
    limits = dataclasses.replace(SMALL_LIMITS, max_batch_tokens=512)
    harness = SchedulerHarness(limits=limits, policy=StepPolicy.for_batches_of(512))
    harness.submit(prompt="p" * (num_tokens - 1), max_tokens=1)
    found = []
    while not harness.scheduler.is_idle:
        found.append(sum(chunk.end - chunk.start for chunk in harness.step().chunks))
    assert found == sizes


def test_steps_grow_with_the_prompts_that_are_waited_for() -> None:
    limits = RunnerLimits(
        context_tokens=1_024, num_cells=2_048, max_sequences=8, max_batch_tokens=256
    )
    harness = SchedulerHarness(limits=limits, policy=StepPolicy.for_batches_of(256))
    harness.submit(prompt="p" * 300, document_key="a")
    assert len(harness.step().batch()) == 64
    harness.submit(prompt="q" * 300, document_key="b")
    assert len(harness.step().batch()) == 128
    for name in "cdefg":
        harness.submit(prompt=name * 300, document_key=name)
    assert len(harness.step().batch()) == 256, "the runner takes no more"


def test_a_key_reads_its_own_prompt_in_whole_tiles() -> None:
    harness = SchedulerHarness()
    policy = StepPolicy.for_batches_of(256, max_step_tokens=128, target_step_ms=100.0)
    harness.scheduler.tune(policy, {16: 40.0, 32: 80.0, 64: 160.0, 128: 320.0})
    ghost = harness.submit(prompt="p" * 300, document_key="a")
    assert len(harness.step().batch()) == 64
    harness.cancel(ghost)

    harness.submit(prompt="short", document_key="b", max_tokens=50)
    harness.step()
    harness.submit(prompt="q" * 300, document_key="c")
    assert len(harness.step().batch()) == 40, "somebody else is waiting for the next token"


@pytest.mark.parametrize(("min_prefill_tokens", "width"), [(2, 4), (16, 6)])
def test_who_would_take_too_long_together_takes_turns_unless_a_prefill_may_be_as_large(
    min_prefill_tokens: int, width: int
) -> None:
    harness = SchedulerHarness()
    policy = StepPolicy(min_prefill_tokens=min_prefill_tokens, target_step_ms=100.0)
    harness.scheduler.tune(policy, {1: 40.0, 2: 60.0, 4: 100.0, 8: 190.0})
    for number in range(6):
        harness.submit(prompt=f"{number}", document_key=f"{number}", max_tokens=50)
    for _ in range(10):
        step = harness.step()
    assert len(step.batch()) == width
