"""Idle moments end when somebody asks or unloads: refreshing gives way and loses no cell."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import pytest_asyncio

from lsp_server.engine import step_loop
from lsp_server.engine.api import EndEvent, GenerateRequest, TextEvent
from lsp_server.engine.kv_cache import KvCache
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.local import LocalEngine
from lsp_server.engine.runners.base import BatchToken, Logits, RunnerLimits
from lsp_server.engine.runners.fake import FakeRunner, hashed_logits
from lsp_server.engine.runners.fake_models import load_fake_model
from lsp_server.engine.step_loop import StepLoop
from tests.support.engine import SchedulerHarness, fim_segments, make_request

DEADLINE_S = 30.0
LIMITS = RunnerLimits(context_tokens=512, num_cells=1024, max_sequences=8, max_batch_tokens=64)
PREFIX = "".join(f"v{i}={i * 7}\n" for i in range(20))
SUFFIX = "".join(f"w{i}={i * 5}\n" for i in range(20))


class HangingRunner(FakeRunner):
    """Refreshing takes minutes, unless it is aborted; everything else is done at once.

    Attributes:
        is_refreshing: Set while an idle moment is used.
        has_started: Set when the model computes in one.
    """

    def __init__(self) -> None:
        super().__init__(hashed_logits, LIMITS)
        self.is_refreshing = False
        self.has_started = threading.Event()

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        if not self.is_refreshing:
            return super().forward(batch)
        self._abort.clear()
        self.has_started.set()
        self._abort.wait(600.0)
        return None


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> HangingRunner:
    """Return a runner; the engine refreshes as soon as it has nothing else to do."""
    runner = HangingRunner()
    use_pause = StepLoop.use_pause

    def noted(loop: StepLoop, should_stop: Callable[[], bool]) -> None:
        runner.is_refreshing = True
        use_pause(loop, should_stop)
        runner.is_refreshing = False

    monkeypatch.setattr(StepLoop, "use_pause", noted)
    monkeypatch.setattr(step_loop, "_PAUSE_AFTER_S", 0.0)
    return runner


@pytest_asyncio.fixture
async def engine(runner: HangingRunner) -> AsyncIterator[LocalEngine]:
    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        return LoadedRunner(runner, load_fake_model("fake", report_progress).info)

    engine = LocalEngine(load, unload_after_s=0.0)
    yield engine
    await engine.aclose()


def asked(prefix: str, tail: str = "") -> GenerateRequest:
    segments = fim_segments(prefix, SUFFIX, tail)
    return make_request(segments, max_tokens=6, document_key="a.py", supersedes=True)


async def answer(engine: LocalEngine, request: GenerateRequest) -> str:
    async with asyncio.timeout(DEADLINE_S):
        events = [event async for event in engine.generate(request)]
    assert isinstance(events[-1], EndEvent)
    assert events[-1].error is None
    return "".join(event.text for event in events if isinstance(event, TextEvent))


async def until_refreshing(engine: LocalEngine, runner: HangingRunner) -> None:
    """Leave a stale document behind and wait until the model computes it again."""
    runner.has_started.clear()
    await answer(engine, asked(PREFIX))
    await answer(engine, asked("import os\n" + PREFIX))
    assert await asyncio.to_thread(runner.has_started.wait, DEADLINE_S)


def cache_of(engine: LocalEngine) -> KvCache:
    [worker] = engine._pool.workers
    assert worker._loop is not None
    return worker._loop._cache


async def test_request_is_answered_at_once_and_right(
    engine: LocalEngine, runner: HangingRunner
) -> None:
    await until_refreshing(engine, runner)
    request = asked("import os\n" + PREFIX, "x")
    expected = SchedulerHarness(limits=LIMITS).answer(request).text()
    assert await answer(engine, request) == expected


async def test_refreshing_begins_again_after_each_request(
    engine: LocalEngine, runner: HangingRunner
) -> None:
    await until_refreshing(engine, runner)
    for tail in ("x", "xy", "xyz", "xyz = 1"):
        runner.has_started.clear()
        await answer(engine, asked("import os\n" + PREFIX, tail))
        assert await asyncio.to_thread(runner.has_started.wait, DEADLINE_S)


async def test_no_cell_is_lost_by_aborted_refreshes(
    engine: LocalEngine, runner: HangingRunner
) -> None:
    await until_refreshing(engine, runner)
    for number in range(10):
        await answer(engine, asked(f"{'#' * number}\n" + PREFIX))
    cache = cache_of(engine)
    runner.close = lambda: None  # type: ignore[method-assign]  # its cells are looked at below
    await engine.aclose()
    cache.check_integrity()
    cache.evict_all()
    cache.check_integrity()
    assert cache.num_cells_used == 0


async def test_model_is_unloaded_while_it_refreshes(
    engine: LocalEngine, runner: HangingRunner
) -> None:
    await until_refreshing(engine, runner)
    [worker] = engine._pool.workers
    assert engine.unload_idle() == 1
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.to_thread(worker.join)
    assert (await engine.status()).models == ()


async def test_engine_is_closed_while_it_refreshes(
    engine: LocalEngine, runner: HangingRunner
) -> None:
    await until_refreshing(engine, runner)
    async with asyncio.timeout(DEADLINE_S):
        await engine.aclose()
    assert (await engine.status()).models == ()
