from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.engine.api import (
    CountRequest,
    EndEvent,
    EndReason,
    ErrorKind,
    Event,
    GenerateRequest,
    Limits,
    LoadingEvent,
    TextEvent,
)
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.local import LocalEngine, create_local_engine
from lsp_server.engine.model_places import PlaceRules
from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.fake import FakeRunner, scripted_logits
from lsp_server.engine.runners.fake_models import FAKE_COMPLETION, load_fake_model
from lsp_server.errors import EngineError, ModelLoadError, NoCellsError
from lsp_server.settings.schema import EngineSettings
from tests.support.engine import FakeClock, fim_segments, make_request

DEADLINE_S = 20.0


@asynccontextmanager
async def running_engine(**options: Any) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(options.pop("load", load_fake_model), **options)
    try:
        yield engine
    finally:
        await engine.aclose()


async def ask(engine: LocalEngine, request: GenerateRequest | None = None) -> list[Event]:
    return [event async for event in engine.generate(request or make_request(max_tokens=50))]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextEvent))


def end_of(events: list[Event]) -> EndEvent:
    end = events[-1]
    assert isinstance(end, EndEvent)
    return end


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until an engine says what is expected; it announces no such thing by itself."""
    async with asyncio.timeout(DEADLINE_S):
        while not await condition():  # noqa: ASYNC110 - there is nothing to wait for but time
            await asyncio.sleep(0.001)


async def num_running(engine: LocalEngine) -> int:
    return sum(model.num_running for model in (await engine.status()).models)


async def until_busy(engine: LocalEngine) -> None:
    async def is_busy() -> bool:
        return await num_running(engine) > 0

    await until(is_busy)


async def until_idle(engine: LocalEngine) -> None:
    async def is_idle() -> bool:
        return await num_running(engine) == 0

    await until(is_idle)


async def until_models(engine: LocalEngine, num_models: int) -> None:
    async def is_reached() -> bool:
        return len((await engine.status()).models) == num_models

    await until(is_reached)


class Gate:
    """A loader that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.may_load = threading.Event()
        self.num_loads = 0

    def __call__(self, model: str, report_progress: ReportProgress) -> LoadedRunner:
        self.num_loads += 1
        report_progress(0.5)
        while not self.may_load.wait(0.001):
            if not report_progress(0.5):
                raise EngineError("loading was given up")
        return load_fake_model(model, report_progress)


# Streams


async def test_stream_loads_answers_and_ends() -> None:
    async with running_engine() as engine:
        events = await ask(engine)
    assert isinstance(events[0], LoadingEvent)
    assert text_of(events) == FAKE_COMPLETION
    assert end_of(events).reasons == (EndReason.STOP,)


async def test_loaded_model_is_not_announced_again() -> None:
    async with running_engine() as engine:
        await ask(engine)
        assert not any(isinstance(event, LoadingEvent) for event in await ask(engine))


async def test_loading_tells_how_far_it_is() -> None:
    async with running_engine() as engine:
        fractions = [e.fraction for e in await ask(engine) if isinstance(e, LoadingEvent)]
    assert fractions == sorted(fractions)
    assert 0.0 <= fractions[0] <= fractions[-1] <= 1.0


async def test_many_streams_at_once_all_answer() -> None:
    async with running_engine() as engine:
        requests = [make_request(max_tokens=50, document_key=str(i)) for i in range(20)]
        streams = await asyncio.gather(*(ask(engine, request) for request in requests))
    assert [text_of(events) for events in streams] == [FAKE_COMPLETION] * 20


async def test_closing_a_stream_cancels_its_request() -> None:
    async with running_engine() as engine:
        stream = engine.generate(make_request(model="fake:slow", max_tokens=2000))
        async for event in stream:
            if isinstance(event, TextEvent):
                break
        assert await num_running(engine) == 1
        await stream.aclose()
        await until_idle(engine)


async def test_cancelled_reader_cancels_its_request() -> None:
    async with running_engine() as engine:
        await ask(engine, make_request(model="fake:slow", max_tokens=1))
        task = asyncio.create_task(ask(engine, make_request(model="fake:slow", max_tokens=2000)))
        await until_busy(engine)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_idle(engine)


async def test_superseded_stream_ends_by_itself() -> None:
    async with running_engine() as engine:
        slow = make_request(model="fake:slow", max_tokens=2000, document_key="a")
        older = asyncio.create_task(ask(engine, slow))
        await until_busy(engine)
        newer = make_request(model="fake:slow", document_key="a", supersedes=True)
        assert end_of(await ask(engine, newer)).reasons == (EndReason.LENGTH,)
        assert end_of(await older).reasons == (EndReason.SUPERSEDED,)


async def test_engine_answers_right_after_many_cancellations() -> None:
    async with running_engine() as engine:
        expected = text_of(await ask(engine, make_request(model="fake:noise", max_tokens=30)))
        for num_events in range(40):
            request = make_request(
                "p" * 100, model="fake:noise", max_tokens=50, document_key=str(num_events % 5)
            )
            stream = engine.generate(request)
            for _ in range(num_events % 7):
                await anext(stream)
            await stream.aclose()
        await until_idle(engine)
        events = await ask(engine, make_request(model="fake:noise", max_tokens=30))
    assert text_of(events) == expected


def load_hanging_model(model: str, report_progress: ReportProgress) -> LoadedRunner:
    """Load a model whose steps take minutes unless they are aborted."""
    loaded = load_fake_model("fake", report_progress)
    return LoadedRunner(FakeRunner(scripted_logits("x"), delay_s=600.0), loaded.info)


async def test_closing_a_stream_aborts_the_step_that_runs_for_it() -> None:
    async with running_engine(load=load_hanging_model) as engine:
        stream = engine.generate(make_request())
        reader = asyncio.ensure_future(anext(stream))
        await until_busy(engine)
        reader.cancel()
        await asyncio.wait([reader])
        await stream.aclose()
        await until_idle(engine)


async def test_superseding_aborts_the_step_that_runs_for_the_older_request() -> None:
    async with running_engine(load=load_hanging_model) as engine:
        older = asyncio.create_task(ask(engine, make_request(document_key="a")))
        await until_busy(engine)
        newer = asyncio.create_task(ask(engine, make_request(document_key="a", supersedes=True)))
        async with asyncio.timeout(DEADLINE_S):
            assert end_of(await older).reasons == (EndReason.SUPERSEDED,)
        newer.cancel()
        await asyncio.wait([newer])


async def test_step_that_others_need_is_not_aborted() -> None:
    async with running_engine() as engine:
        both = [make_request(model="fake:slow", max_tokens=10, document_key=key) for key in "ab"]
        kept = asyncio.create_task(ask(engine, both[0]))
        dropped = asyncio.create_task(ask(engine, both[1]))
        await until_busy(engine)
        dropped.cancel()
        assert end_of(await kept).reasons == (EndReason.LENGTH,)


# Faults


async def test_model_that_cannot_be_loaded_ends_the_stream_with_the_reason() -> None:
    async with running_engine() as engine:
        end = end_of(await ask(engine, make_request(model="fake:broken")))
    assert end.reasons == ()
    assert end.error is not None
    assert end.error.kind is ErrorKind.MODEL_LOAD


async def test_failed_load_is_tried_again() -> None:
    attempts = 0

    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ModelLoadError("no memory")
        return load_fake_model(model, report_progress)

    async with running_engine(load=load) as engine:
        assert end_of(await ask(engine)).error is not None
        assert text_of(await ask(engine)) == FAKE_COMPLETION


async def test_markers_that_the_model_lacks_end_the_stream_with_the_reason() -> None:
    async with running_engine() as engine:
        request = make_request(fim_segments("a", "b"), model="fake:no-infill")
        error = end_of(await ask(engine, request)).error
    assert error is not None
    assert error.kind is ErrorKind.CANNOT_INFILL


async def test_empty_prompt_ends_the_stream_with_the_reason() -> None:
    async with running_engine() as engine:
        error = end_of(await ask(engine, make_request(()))).error
    assert error is not None
    assert error.kind is ErrorKind.BAD_REQUEST


class FailingRunner(FakeRunner):
    """Fails once, in the way it is told to."""

    def __init__(self, runner: FakeRunner, error: Exception) -> None:
        super().__init__(runner._next_logits)
        self.error: Exception | None = error

    def forward(self, batch: Any) -> Logits | None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        tokens: list[BatchToken] = list(batch)
        return super().forward(tokens)


def failing_once(error: Exception) -> Callable[[str, ReportProgress], LoadedRunner]:
    errors = [error]

    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        loaded = load_fake_model(model, report_progress)
        assert isinstance(loaded.runner, FakeRunner)
        if errors:
            return LoadedRunner(FailingRunner(loaded.runner, errors.pop()), loaded.info)
        return loaded

    return load


@pytest.mark.parametrize("error", [EngineError("gone wrong"), NoCellsError("no room")])
async def test_failing_step_ends_its_request_and_the_next_one_is_answered(
    error: EngineError,
) -> None:
    async with running_engine(load=failing_once(error)) as engine:
        end = end_of(await ask(engine))
        assert end.error is not None
        assert end.error.message == str(error)
        assert text_of(await ask(engine)) == FAKE_COMPLETION


async def test_fault_in_the_engine_ends_its_requests_and_the_model_is_loaded_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_engine(load=failing_once(ZeroDivisionError())) as engine:
        assert end_of(await ask(engine)).error is not None
        assert text_of(await ask(engine)) == FAKE_COMPLETION
    assert "ZeroDivisionError" in caplog.text


async def test_time_limit_counts_while_the_model_is_loading() -> None:
    gate = Gate()
    async with running_engine(load=gate) as engine:
        request = make_request(limits=Limits(max_tokens=5, max_ms=20), num_alternatives=2)
        end = end_of(await ask(engine, request))
        assert end.reasons == (EndReason.TIME,) * 2
        gate.may_load.set()
        assert text_of(await ask(engine)) == FAKE_COMPLETION
    assert gate.num_loads == 1


# Models


async def test_streams_that_wait_for_one_model_load_it_once() -> None:
    gate = Gate()
    async with running_engine(load=gate) as engine:
        tasks = [asyncio.create_task(ask(engine)) for _ in range(3)]
        await until_models(engine, 1)
        gate.may_load.set()
        assert [text_of(await task) for task in tasks] == [FAKE_COMPLETION] * 3
    assert gate.num_loads == 1


async def test_another_model_takes_the_place_of_the_idle_one() -> None:
    async with running_engine(rules=PlaceRules(max_models=1, quiet_s=0.0)) as engine:
        await ask(engine)
        await ask(engine, make_request(model="fake:noise"))
        assert [model.model for model in (await engine.status()).models] == ["fake:noise"]


async def test_least_recently_used_model_goes_first() -> None:
    async with running_engine(rules=PlaceRules(max_models=2, quiet_s=0.0)) as engine:
        for model in ("fake", "fake:noise", "fake", "fake:no-infill"):
            await ask(engine, make_request(model=model))
        models = {model.model for model in (await engine.status()).models}
    assert models == {"fake", "fake:no-infill"}


async def test_another_model_waits_for_running_requests() -> None:
    async with running_engine(rules=PlaceRules(max_models=1, quiet_s=0.0)) as engine:
        slow = asyncio.create_task(ask(engine, make_request(model="fake:slow", max_tokens=10)))
        await until_busy(engine)
        assert text_of(await ask(engine)) == FAKE_COMPLETION
        assert end_of(await slow).reasons == (EndReason.LENGTH,)


async def test_idle_models_are_unloaded_after_a_while() -> None:
    clock = FakeClock()
    async with running_engine(clock=clock, unload_after_s=60) as engine:
        await ask(engine)
        clock.now_s += 59
        assert engine.unload_idle() == 0
        clock.now_s += 1
        assert engine.unload_idle() == 1
        await until_models(engine, 0)
        assert text_of(await ask(engine)) == FAKE_COMPLETION


async def test_model_in_use_is_not_unloaded() -> None:
    clock = FakeClock()
    async with running_engine(clock=clock, unload_after_s=60) as engine:
        stream = engine.generate(make_request(model="fake:slow", max_tokens=2000))
        await anext(stream)
        clock.now_s += 1000
        assert engine.unload_idle() == 0
        await stream.aclose()


# The rest of the protocol


async def test_count_counts_each_text() -> None:
    async with running_engine() as engine:
        reply = await engine.count(CountRequest(model="fake", texts=("abc", "", "é")))
    assert reply.counts == (3, 0, 2)


async def test_describe_says_what_the_model_is() -> None:
    async with running_engine() as engine:
        assert (await engine.describe("fake")).fim_format == "deepseek-coder"
        assert (await engine.describe("fake:no-infill")).fim_format is None


async def test_describe_raises_what_loading_raises() -> None:
    async with running_engine() as engine:
        with pytest.raises(ModelLoadError):
            await engine.describe("fake:broken")


async def test_closing_the_engine_ends_running_streams_with_an_error() -> None:
    async with running_engine() as engine:
        task = asyncio.create_task(ask(engine, make_request(model="fake:slow", max_tokens=2000)))
        await until_busy(engine)
        await engine.aclose()
        error = end_of(await task).error
    assert error is not None
    assert error.kind is ErrorKind.STOPPED


async def test_closing_the_engine_gives_up_loading() -> None:
    async with running_engine(load=Gate()) as engine:
        task = asyncio.create_task(ask(engine))
        await until_models(engine, 1)
        await engine.aclose()
        assert end_of(await task).error is not None


async def test_closing_twice_is_fine_and_nothing_is_answered_afterwards() -> None:
    async with running_engine() as engine:
        await ask(engine)
        await engine.aclose()
        error = end_of(await ask(engine)).error
    assert error is not None
    assert error.kind is ErrorKind.STOPPED


async def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    async with running_engine() as engine:
        await ask(engine)
    left = [t for t in threading.enumerate() if t not in before and "bantam" in t.name]
    assert left == []


async def test_model_file_answers_through_the_whole_engine(tiny_model: Path) -> None:
    engine = create_local_engine(EngineSettings(context_tokens=512, threads=1))
    request = make_request(
        fim_segments("def f(x):\n", "\n", "    ret"), model=str(tiny_model), document_key="a"
    )
    first, second = await ask(engine, request), await ask(engine, request)
    assert end_of(first).cost.tokens_generated > 0
    assert text_of(first) == text_of(second)
    assert end_of(second).cost.tokens_computed == 1
    assert (await engine.status()).models[0].cells_total == 512
    await engine.aclose()


async def test_settings_make_an_engine() -> None:
    engine = create_local_engine(EngineSettings())
    assert text_of(await ask(engine)) == FAKE_COMPLETION
    await engine.aclose()


async def test_request_that_loads_no_model_ends_where_there_is_none() -> None:
    async with running_engine() as engine:
        request = make_request(max_tokens=0, loads_model=False)
        [end] = await ask(engine, request)
        assert isinstance(end, EndEvent)
        assert end.reasons == (EndReason.CANCELLED,)
        assert (await engine.status()).models == ()
        await ask(engine)
        assert end_of(await ask(engine, request)).reasons == (EndReason.LENGTH,)
