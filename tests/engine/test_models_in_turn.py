"""Several windows, several models, and memory for fewer: who is loaded, who waits, for how long."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsp_server.engine import model_pool
from lsp_server.engine.api import EndEvent, EndReason, ErrorKind, Event, LoadingEvent
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.local import LocalEngine, create_local_engine
from lsp_server.engine.model_places import PlaceRules
from lsp_server.engine.model_pool import Memory
from lsp_server.engine.runners.fake import FakeRunner, scripted_logits
from lsp_server.engine.runners.fake_models import load_fake_model
from lsp_server.errors import ModelNotFoundError
from lsp_server.settings.schema import EngineSettings
from tests.support.engine import FakeClock, make_request

DEADLINE_S = 60.0
EMBEDDED = "bantam-embedded"

#: Two models of 6 bytes do not fit into 10.
ONE_PLACE = PlaceRules(max_models=4, max_bytes=10, quiet_s=5.0, share_s=30.0)
TWO_PLACES = dataclasses.replace(ONE_PLACE, max_bytes=12)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests that wait look at the clock all the time: it is the test's."""
    monkeypatch.setattr(model_pool, "_LOOK_EVERY_S", 0.001)


class Memories:
    """Loads fake models that take memory, and watches the limit."""

    def __init__(self, clock: FakeClock, load_s: float = 0.0) -> None:
        self.clock = clock
        self.load_s = load_s
        self.loads: list[str] = []
        self.most_at_once = 0
        self._num_loaded = 0
        self._lock = threading.Lock()

    def measure(self, model: str) -> int:
        if model == "missing":
            raise ModelNotFoundError("there is no model 'missing'")
        return 6

    def load(self, model: str, report_progress: ReportProgress) -> LoadedRunner:
        self.measure(model)
        self._note(1)
        self.loads.append(model)
        self.clock.now_s += self.load_s
        loaded = load_fake_model("fake", report_progress)
        return dataclasses.replace(loaded, runner=_CountedRunner(self), num_bytes=6)

    def _note(self, number: int) -> None:
        with self._lock:
            self._num_loaded += number
            self.most_at_once = max(self.most_at_once, self._num_loaded)


class _CountedRunner(FakeRunner):
    def __init__(self, memories: Memories) -> None:
        super().__init__(scripted_logits("x" * 1_000))
        self._memories = memories

    def close(self) -> None:
        super().close()
        self._memories._note(-1)


@dataclasses.dataclass(eq=False)
class Asked:
    """A request and what became of it."""

    model: str
    asked_s: float
    events: list[Event] = dataclasses.field(default_factory=list)
    ended_s: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def is_answered(self) -> bool:
        return self.ended_s is not None

    @property
    def end(self) -> EndEvent:
        ends = [event for event in self.events if isinstance(event, EndEvent)]
        assert len(ends) == 1, f"exactly one end, not {ends}"
        return ends[0]

    @property
    def waited_for(self) -> list[tuple[str, ...]]:
        return [e.waits_for for e in self.events if isinstance(e, LoadingEvent) and e.waits_for]


class Windows:
    """Asks an engine for models, on a clock of its own."""

    def __init__(self, engine: LocalEngine, memories: Memories) -> None:
        self.engine = engine
        self.memories = memories
        self.clock = memories.clock
        self.asked: list[Asked] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, model: str) -> Asked:
        one = Asked(model, self.clock.now_s)
        self.asked.append(one)
        one.task = asyncio.create_task(self._run(one))
        self._tasks.add(one.task)
        one.task.add_done_callback(self._tasks.discard)
        await self.settle()
        return one

    async def _run(self, one: Asked) -> None:
        async for event in self.engine.generate(make_request(model=one.model, max_tokens=1)):
            one.events.append(event)
        one.ended_s = self.clock.now_s

    async def settle(self) -> None:
        """Wait until whoever has not been answered waits for a model, and goes on to."""
        num_quiet = 0
        async with asyncio.timeout(DEADLINE_S):
            while num_quiet < 4:
                await asyncio.sleep(0.001)
                waiting = (await self.engine.status()).waiting
                is_quiet = sum(one.num_requests for one in waiting) == len(self._tasks)
                # A thread that loads or frees a model may take its time on a busy machine.
                workers = self.engine._pool.workers
                is_quiet &= all(one.ready.done() and not one.is_stopping for one in workers)
                num_quiet = num_quiet + 1 if is_quiet else 0

    async def answered(self, model: str) -> Asked:
        one = await self.ask(model)
        assert one.ended_s is not None, f"{model} is answered at once"
        return one

    async def passing(self, seconds: float, step_s: float = 1.0) -> None:
        until_s = self.clock.now_s + seconds
        while self.clock.now_s < until_s:
            self.clock.now_s = min(self.clock.now_s + step_s, until_s)
            await self.settle()

    @property
    async def loaded(self) -> list[str]:
        return sorted(one.model for one in (await self.engine.status()).models)


@asynccontextmanager
async def opened(rules: PlaceRules, load_s: float = 0.0) -> AsyncIterator[Windows]:
    clock = FakeClock()
    memories = Memories(clock, load_s)
    memory = Memory(memories.measure, lambda: None)
    engine = LocalEngine(
        memories.load, memory=memory, rules=rules, unload_after_s=10_000, clock=clock
    )
    try:
        yield Windows(engine, memories)
    finally:
        await engine.aclose()


async def test_models_that_fit_together_stay_loaded() -> None:
    async with opened(TWO_PLACES) as windows:
        for _ in range(10):
            await windows.answered("a")
            await windows.answered("b")
            await windows.passing(20)
        assert await windows.loaded == ["a", "b"]
        assert windows.memories.loads == ["a", "b"]
        assert [one.waited_for for one in windows.asked] == [[]] * 20


async def test_windows_in_turn_do_not_load_at_every_request() -> None:
    async with opened(ONE_PLACE) as windows:
        await windows.answered("a")
        first = await windows.ask("b")
        for _ in range(10):
            await windows.passing(2)
            await windows.answered("a")
        assert not first.is_answered
        assert windows.memories.loads == ["a"]
        assert first.waited_for == [("a",)]
        await windows.passing(5)
        assert first.end.reasons == (EndReason.LENGTH,)
        assert windows.memories.loads == ["a", "b"]
        assert windows.memories.most_at_once == 1


async def test_a_model_in_use_gives_way_when_it_had_its_share() -> None:
    async with opened(ONE_PLACE) as windows:
        await windows.answered("a")
        await windows.passing(100)
        await windows.answered("a")
        waiting = await windows.ask("b")
        for _ in range(29):
            await windows.passing(1)
            await windows.answered("a")
        assert not waiting.is_answered
        await windows.passing(1)
        assert waiting.ended_s == waiting.asked_s + 30
        # Now the other one waits, and is told for whom, until `b` was quiet for a moment.
        back = await windows.ask("a")
        await windows.passing(4)
        assert not back.is_answered
        assert back.waited_for == [("b",)]
        await windows.passing(1)
        assert back.end.reasons == (EndReason.LENGTH,)
        assert windows.memories.loads == ["a", "b", "a"]


async def test_a_slow_model_stays_for_at_least_as_long_as_it_took_to_load() -> None:
    async with opened(ONE_PLACE, load_s=40.0) as windows:
        await windows.answered("a")
        waiting = await windows.ask("b")
        await windows.passing(39)
        assert not waiting.is_answered
        await windows.passing(1)
        assert waiting.is_answered


async def test_who_waits_is_seen_in_the_status() -> None:
    async with opened(ONE_PLACE) as windows:
        await windows.answered("a")
        await windows.ask("b")
        await windows.ask("b")
        await windows.passing(3)
        (waiting,) = (await windows.engine.status()).waiting
        assert (waiting.model, waiting.num_requests, waiting.waited_s) == ("b", 2, 3.0)
        await windows.passing(2)
        status = await windows.engine.status()
        assert status.waiting == ()
        assert [(one.model, one.num_bytes) for one in status.models] == [("b", 6)]


async def test_a_model_that_does_not_exist_unloads_no_other_one() -> None:
    async with opened(ONE_PLACE) as windows:
        await windows.answered("a")
        await windows.passing(100)
        error = (await windows.answered("missing")).end.error
        assert error is not None
        assert error.kind is ErrorKind.MODEL_NOT_FOUND
        assert await windows.loaded == ["a"]


async def test_a_model_that_nobody_waits_for_any_more_ends_no_turn() -> None:
    async with opened(ONE_PLACE) as windows:
        await windows.answered("a")
        given_up = await windows.ask("b")
        assert given_up.task is not None
        for _ in range(29):
            await windows.passing(1)
            await windows.answered("a")
        given_up.task.cancel()
        await windows.settle()
        for _ in range(29):
            await windows.passing(1)
            await windows.answered("a")
        assert windows.memories.loads == ["a"]
        assert (await windows.engine.status()).waiting == ()


async def test_who_types_keeps_the_turn_though_every_key_ends_the_request_before() -> None:
    async with opened(ONE_PLACE) as windows:
        await windows.answered("a")
        key = await windows.ask("b")
        for _ in range(40):
            await windows.passing(1)
            await windows.ask("a")
            if not key.is_answered and key.task is not None:
                key.task.cancel()
                await windows.settle()
                key = await windows.ask("b")
        assert windows.memories.loads[:2] == ["a", "b"]
        assert key.ended_s is not None
        assert key.ended_s <= 31


async def test_closing_ends_the_requests_that_wait() -> None:
    async with opened(ONE_PLACE) as windows:
        await windows.answered("a")
        waiting = await windows.ask("b")
        await windows.engine.aclose()
        await windows.settle()
        assert waiting.end.error is not None
        assert waiting.end.error.kind is ErrorKind.STOPPED


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    asks=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=1, max_size=25),
    load_s=st.sampled_from([0.0, 3.0, 12.0]),
    num_places=st.sampled_from([1, 2]),
)
def test_whoever_asks_is_answered_once_in_bounded_time_and_loads_are_few(
    asks: list[tuple[str, int]], load_s: float, num_places: int
) -> None:
    rules = PlaceRules(max_models=4, max_bytes=6 * num_places, quiet_s=4.0, share_s=20.0)

    async def run() -> None:
        async with opened(rules, load_s) as windows:
            for model, pause_s in asks:
                await windows.passing(pause_s)
                await windows.ask(model)
            await windows.passing(3 * (rules.share_s + load_s) + 10)
            for one in windows.asked:
                assert one.end.reasons == (EndReason.LENGTH,)
                assert one.ended_s is not None
                # Each of the two others has its turn before, at the worst, and each is loaded;
                # a second is the step of the clock.
                turn_s = max(rules.share_s, load_s) + load_s + 1.0
                assert one.ended_s - one.asked_s <= 3 * turn_s
            assert windows.memories.most_at_once <= num_places
            least_stay_s = max(rules.quiet_s, load_s)
            most = 3 + num_places * (windows.clock.now_s / least_stay_s)
            assert len(windows.memories.loads) <= most

    asyncio.run(run())


# Real models


async def first_words(engine: LocalEngine, model: str) -> list[Event]:
    request = make_request("def add(a, b):\n    return", model=model, max_tokens=4)
    return [event async for event in engine.generate(request)]


@pytest.mark.parametrize(("max_memory_mib", "num_loaded"), [(0, 2), (1, 1)])
async def test_two_real_models_within_one_limit(
    tiny_model: Path, max_memory_mib: int, num_loaded: int
) -> None:
    settings = EngineSettings(
        context_tokens=512, threads=1, max_memory_mib=max_memory_mib, switch_quiet_s=0
    )
    engine = create_local_engine(settings)
    try:
        for _ in range(2):
            for model in (EMBEDDED, str(tiny_model)):
                end = (await first_words(engine, model))[-1]
                assert isinstance(end, EndEvent)
                assert end.error is None
                assert end.cost.tokens_generated > 0
        status = await engine.status()
        assert len(status.models) == num_loaded
        assert all(model.num_bytes > 0 for model in status.models)
        # The second time what does not fit was loaded anew, and nothing was there to be reused.
        totals = {model.model: model.totals for model in status.models}
        assert (totals[str(tiny_model)].reused > 0) is (num_loaded == 2)
    finally:
        await engine.aclose()
