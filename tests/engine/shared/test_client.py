"""Every request and event through a real socket, served in the test's own process."""

from __future__ import annotations

import asyncio
import gc
import warnings
from contextlib import aclosing

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.api import (
    Cost,
    CountRequest,
    EndEvent,
    EndReason,
    ErrorKind,
    ErrorReport,
    Event,
    GenerateRequest,
    Limits,
    LoadingEvent,
    MarkerRole,
    MarkerSegment,
    Part,
    Priority,
    Sampling,
    StopRules,
    TextEvent,
    TextSegment,
    TokenText,
)
from lsp_server.engine.client import EngineClient
from lsp_server.errors import (
    BadRequestError,
    EngineStartError,
    EngineStoppedError,
    ModelNotFoundError,
    NoCellsError,
)
from tests.support.scripted_engine import END, INFO, ScriptedEngine, request, text_event

EVERY_EVENT: tuple[Event, ...] = (
    LoadingEvent(model="fake", fraction=0.5),
    text_event("a\nb\u2028ü🎉\r\n"),
    TextEvent(
        alternative=1, tokens=(TokenText(text="", logprob=-0.25), TokenText(text="x", logprob=0.0))
    ),
    EndEvent(
        reasons=(EndReason.LENGTH, EndReason.STOP),
        cost=Cost(tokens_reused=1, tokens_shifted=2, tokens_computed=3, ms_prefill=1.5),
    ),
)
EVERY_FIELD = GenerateRequest(
    request_id="r2",
    model="/models/a b.gguf",
    segments=(
        MarkerSegment(role=MarkerRole.FIM_PREFIX),
        TextSegment(text="é\x00🎉", document="a.py", part=Part.PREFIX),
        TextSegment(text="", document="a.py", part=Part.SUFFIX),
    ),
    document_key="a.py",
    forced_prefix="ret",
    priority=Priority.PREFETCH,
    sampling=Sampling(temperature=0.5, top_k=3, seed=2**63 - 1),
    limits=Limits(max_tokens=5, max_ms=100),
    stop=StopRules(texts=("\n\n",), max_lines=2),
    num_alternatives=2,
    draft_texts=("return x",),
    want_logprobs=True,
    supersedes=True,
)


async def events_of(client: EngineClient, wanted: GenerateRequest) -> list[Event]:
    return [event async for event in client.generate(wanted)]


async def test_every_event_arrives_as_it_was_sent(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    engine.events = EVERY_EVENT
    assert await events_of(client, request()) == list(EVERY_EVENT)


async def test_every_field_of_a_request_arrives(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    await events_of(client, EVERY_FIELD)
    assert engine.requests == [EVERY_FIELD]


async def test_an_event_arrives_before_the_next_one_exists(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    engine.events = (text_event("a"),)
    engine.gate = asyncio.Event()
    async with aclosing(client.generate(request())) as events:
        assert await anext(events) == text_event("a")


async def test_closing_the_stream_closes_the_engines_stream(
    client: EngineClient, engine: ScriptedEngine, until
) -> None:
    engine.events = (text_event("a"),)
    engine.gate = asyncio.Event()
    async with aclosing(client.generate(request())) as events:
        await anext(events)
        assert engine.num_open == 1
    await until(lambda: engine.num_closed == 1)


async def test_cancelling_the_reader_closes_the_engines_stream(
    client: EngineClient, engine: ScriptedEngine, until
) -> None:
    engine.events = ()
    engine.gate = asyncio.Event()
    reader = asyncio.create_task(events_of(client, request()))
    await until(lambda: engine.num_open == 1)
    reader.cancel()
    await until(lambda: engine.num_closed == 1)
    with pytest.raises(asyncio.CancelledError):
        await reader


async def test_cancelling_while_an_answer_begins_leaves_no_stream_open(
    client: EngineClient, engine: ScriptedEngine, until
) -> None:
    engine.events = ()
    engine.gate = asyncio.Event()
    for num_turns in range(40):
        reader = asyncio.create_task(events_of(client, request()))
        while engine.num_open == 0:  # noqa: ASYNC110  # every single turn of the loop counts
            await asyncio.sleep(0)
        for _ in range(num_turns):
            await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await until(lambda: engine.num_open == 0)


async def test_reading_on_when_the_client_is_closed_leaves_nothing_that_nobody_awaits(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    engine.events = (text_event("a"),)
    engine.gate = asyncio.Event()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with aclosing(client.generate(request())) as events:
            first = await anext(events)
            await client.aclose()
            rest = [event async for event in events]
        gc.collect()
    assert first == text_event("a")
    assert [type(event) for event in rest] == [EndEvent]
    assert [str(one.message) for one in caught] == []


async def test_requests_run_side_by_side(
    client: EngineClient, engine: ScriptedEngine, until
) -> None:
    engine.events = ()
    engine.gate = asyncio.Event()
    readers = [asyncio.create_task(events_of(client, request())) for _ in range(20)]
    await until(lambda: engine.num_open == 20)
    engine.events = (END,)
    engine.gate.set()
    for reader in readers:
        [event] = await reader
        assert isinstance(event, EndEvent)


async def test_a_finished_stream_leaves_its_connection_for_the_next_request(
    client: EngineClient, engine: ScriptedEngine, serving
) -> None:
    engine.events = EVERY_EVENT
    for _ in range(5):
        async with aclosing(client.generate(request())) as events:
            async for event in events:
                if isinstance(event, EndEvent):
                    break
    connection = client._attachment._connection
    assert connection is not None
    connector = connection._session.connector
    assert connector is not None
    assert sum(len(connections) for connections in connector._conns.values()) == 1


async def test_an_error_of_the_engine_ends_the_stream_with_its_report(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    engine.events = (text_event("a"), NoCellsError("no room for 9 tokens"))
    end = (await events_of(client, request(num_alternatives=2)))[-1]
    assert end == EndEvent(
        reasons=(EndReason.ERROR, EndReason.ERROR),
        error=ErrorReport(kind=ErrorKind.NO_CELLS, message="no room for 9 tokens"),
    )


async def test_a_fault_of_the_engine_tells_neither_text_nor_place(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    engine.events = (KeyError("def secret"),)
    [end] = await events_of(client, request())
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.INTERNAL
    assert "secret" not in end.error.message
    assert ".py" not in end.error.message


async def test_a_stream_without_an_end_event_gets_one(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    engine.events = (text_event("a"),)
    first, end = await events_of(client, request())
    assert first == text_event("a")
    assert isinstance(end, EndEvent)
    assert end.error is not None


async def test_count(client: EngineClient) -> None:
    reply = await client.count(CountRequest(model="fake", texts=("", "ab", "abc")))
    assert reply.counts == (0, 2, 3)


async def test_errors_of_count_and_describe_are_raised_as_what_they_were(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    engine.failure = ModelNotFoundError("no model named 'nope'")
    with pytest.raises(ModelNotFoundError, match="no model named 'nope'"):
        await client.count(CountRequest(model="nope", texts=()))
    with pytest.raises(ModelNotFoundError, match="no model named 'nope'"):
        await client.describe("nope")


async def test_describe_passes_loading_on(client: EngineClient, engine: ScriptedEngine) -> None:
    engine.gate = asyncio.Event()
    engine.events = (LoadingEvent(model="fake", fraction=0.25),)
    heard: list[LoadingEvent] = []

    def on_loading(event: LoadingEvent) -> None:
        heard.append(event)
        assert engine.gate is not None
        engine.gate.set()

    assert await client.describe("fake", on_loading=on_loading) == INFO
    assert heard[0] == LoadingEvent(model="fake", fraction=0.25)


async def test_status(client: EngineClient) -> None:
    status = await client.status()
    assert [model.model for model in status.models] == ["fake"]


async def test_a_large_prompt_arrives(client: EngineClient, engine: ScriptedEngine) -> None:
    text = "x" * 3_000_000
    await events_of(client, request(text))
    [arrived] = engine.requests
    assert arrived == request(text)


async def test_a_request_over_the_limit_is_refused_with_what_to_do(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    [end] = await events_of(client, request("x" * 17_000_000))
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.BAD_REQUEST
    assert "16777216" in end.error.message
    assert "completion.prefix_chars" in end.error.message
    assert engine.requests == []


async def test_half_a_surrogate_pair_is_refused(client: EngineClient) -> None:
    [end] = await events_of(client, request("a\ud800"))
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert "U+D800" in end.error.message
    with pytest.raises(BadRequestError, match=r"U\+D800"):
        await client.count(CountRequest(model="fake", texts=("\ud800",)))


async def test_without_an_engine_a_client_that_may_not_start_one_says_so(
    bantam_directories: Directories,
) -> None:
    client = EngineClient(bantam_directories, start=False)
    [end] = await events_of(client, request())
    assert isinstance(end, EndEvent)
    assert end.reasons == ()
    assert end.error is not None
    assert "no engine" in end.error.message
    with pytest.raises(EngineStartError):
        await client.status()
    await client.aclose()


async def test_request_that_loads_no_model_starts_no_engine(
    bantam_directories: Directories,
) -> None:
    client = EngineClient(bantam_directories)
    [end] = await events_of(client, request(loads_model=False))
    assert end == EndEvent(reasons=(EndReason.CANCELLED,))
    assert not (await client.stop_engine()), "there is none"
    await client.aclose()


async def test_request_that_loads_no_model_reaches_the_engine_that_is_there(
    client: EngineClient, engine: ScriptedEngine
) -> None:
    await client.status()
    await events_of(client, request(loads_model=False))
    [asked] = engine.requests
    assert isinstance(asked, GenerateRequest)
    assert not asked.loads_model


async def test_stopping_ends_running_streams_with_a_report(
    client: EngineClient, engine: ScriptedEngine, serving, until
) -> None:
    engine.events = (text_event("a"),)
    engine.gate = asyncio.Event()
    reader = asyncio.create_task(events_of(client, request()))
    await until(lambda: engine.num_open == 1)
    assert await client.stop_engine()
    first, end = await reader
    assert first == text_event("a")
    assert isinstance(end, EndEvent)
    assert end.reasons == (EndReason.ERROR,)
    assert end.error is not None
    assert end.error.kind is ErrorKind.STOPPED
    assert engine.is_closed


async def test_stopping_ends_running_counts_and_descriptions(
    client: EngineClient, engine: ScriptedEngine, serving, until
) -> None:
    engine.gate = asyncio.Event()
    count = asyncio.create_task(client.count(CountRequest(model="fake", texts=("a",))))
    describe = asyncio.create_task(client.describe("fake"))
    await until(lambda: len(engine.requests) == 2)
    serving.stop.throw()
    with pytest.raises(EngineStoppedError):
        await describe
    with pytest.raises(EngineStartError):  # Sent again, and there is no engine any more.
        await count


async def test_closing_the_client_cancels_what_runs(
    client: EngineClient, engine: ScriptedEngine, until
) -> None:
    engine.events = (text_event("a"),)
    engine.gate = asyncio.Event()
    reader = asyncio.create_task(events_of(client, request()))
    await until(lambda: engine.num_open == 1)
    await client.aclose()
    await until(lambda: engine.num_closed == 1)
    end = (await reader)[-1]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.STOPPED


async def test_closing_the_client_ends_what_waits_for_an_answer(
    client: EngineClient, engine: ScriptedEngine, until
) -> None:
    engine.gate = asyncio.Event()
    count = asyncio.create_task(client.count(CountRequest(model="fake", texts=("a",))))
    await until(lambda: len(engine.requests) == 1)
    await client.aclose()
    with pytest.raises(EngineStoppedError):
        await count
