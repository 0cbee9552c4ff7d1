"""Every request is answered exactly once, whatever else happens, and nothing is left over."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest

from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import URI, JsonClient, ghost, in_process
from tests.support.lsp_session import eventually
from tests.support.random_session import DyingEngine, RandomSession

GHOST = "textDocument/inlineCompletion"
CANCELLED, CHANGED, FAILED = -32800, -32801, -32803
BAD_PARAMS, NO_METHOD = -32602, -32601
#: Anything else would be a fault of ours.
EXPECTED_ERRORS = {CANCELLED, CHANGED, FAILED, BAD_PARAMS, NO_METHOD}
NUM_STEPS = 120
SETTINGS: dict[str, object] = {
    "model.name": "fake:slow",
    "completion.debounce_ms": 5,
    "completion.popup": "on",
    "completion.popup_ms": 30,
    "completion.max_ms": 2_000,
    "actions.max_ms": 2_000,
}


@pytest.fixture
async def engine() -> AsyncIterator[DyingEngine]:
    engine = DyingEngine()
    yield engine
    await engine.end()


async def is_idle(engine: DyingEngine) -> bool:
    status = await engine.status()
    return not any(model.num_running or model.num_waiting for model in status.models)


def own_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if "bantam-context" in thread.name}


@pytest.mark.parametrize("seed", range(16))
async def test_random_sessions(
    engine: DyingEngine, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    await engine.describe("fake:slow")
    num_files = psutil.Process().num_fds()
    async with in_process(engine, SETTINGS) as client:
        session = RandomSession(client, engine, seed)
        await session.start()
        await session.run(NUM_STEPS)
        if seed % 2:
            session.asked.append(client.send("shutdown"))
        await eventually(lambda: len(client.responses) > len(session.asked))
    assert Counter(one["id"] for one in client.responses) == Counter([1, *session.asked])
    assert errors_of(client) <= EXPECTED_ERRORS
    assert faults(caplog) == []
    await eventually(lambda: is_idle(engine))
    await eventually(lambda: not own_threads())
    await eventually(lambda: psutil.Process().num_fds() <= num_files)


@pytest.mark.parametrize("is_typing", [True, False])
async def test_of_50_requests_that_are_cancelled_but_one_one_has_content(
    engine: DyingEngine, is_typing: bool
) -> None:
    settings = {**SETTINGS, "model.name": "fake"}
    async with in_process(engine, settings) as client:
        await client.start()
        at = client.open("def add(a, b):\n    ‸\n")
        asked = []
        for number in range(50):
            if is_typing:
                at = client.type("return a"[number % 8], at, version=number + 2)
                if number % 8 == 7 and number < 49:
                    at = start_again(client, version=number + 2)
            asked.append(client.send(GHOST, ghost(at, automatic=True)))
            if number % 3 == 0:
                await asyncio.sleep(0.002)
            if number < 49:
                client.notify("$/cancelRequest", {"id": asked[-1]})
        answers = [await client.response(msg_id) for msg_id in asked]
    assert Counter(one["id"] for one in client.responses) == Counter([1, *asked])
    *others, last = answers
    assert last["result"]["items"]
    assert not any(one.get("result", {}).get("items") for one in others)
    assert errors_of(client) <= {CANCELLED}
    assert await is_idle(engine)


async def test_a_cancelled_command_edits_nothing() -> None:
    engine = WritingEngine(texts=["return 1\n"], pause_after=3)
    async with in_process(engine) as client:
        await client.start({"workspace": {"applyEdit": True}})
        client.answers["workspace/applyEdit"] = {"applied": True}
        at = client.open("def add(a, b):\n    pa‸ss\n")
        place = {"start": at["position"], "end": at["position"]}
        params = {**at, "range": place, "context": {"diagnostics": []}}
        offers = await client.ask("textDocument/codeAction", params)
        [command] = [one for one in offers if "body" in one["title"]]
        msg_id = client.send("workspace/executeCommand", command)
        await client.until(lambda: engine.requests)
        client.notify("$/cancelRequest", {"id": msg_id})
        assert (await client.response(msg_id))["error"]["code"] == CANCELLED
        await client.until(lambda: engine.num_open == 0)
        assert client.requests == []


async def test_notifications_leave_nothing_behind() -> None:
    async with in_process(WritingEngine()) as client:
        await client.start()
        at = client.open("x = ‸\n")
        for version in range(2, 50):
            client.type("1", at, version)
            client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
            at = client.open("x = ‸\n")
        await client.until(lambda: not client.server.session.tasks._tasks)
        assert client.server.protocol._request_futures == {}


def start_again(client: JsonClient, version: int) -> dict[str, Any]:
    """Replace the whole document by the one without what was typed."""
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    return client.open("def add(a, b):\n    ‸\n")


def errors_of(client: JsonClient) -> set[int]:
    return {one["error"]["code"] for one in client.responses if "error" in one}


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what our own code has logged as an error; `wiring` logs those of the client."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR
        and record.name.startswith("lsp_server")
        and record.name != "lsp_server.server.wiring"
    ]
