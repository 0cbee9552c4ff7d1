"""Popup items through the whole server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import JsonClient, in_process

POPUP = "textDocument/completion"
WITH_GHOST_TEXT: dict[str, Any] = {"textDocument": {"inlineCompletion": {}}}


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["urn a + b"])


@pytest.fixture
async def client(engine: WritingEngine) -> AsyncIterator[JsonClient]:
    async with in_process(engine, {"completion.popup_ms": 5_000}) as client:
        yield client


async def test_an_item_replaces_the_word_that_was_begun(client: JsonClient) -> None:
    await client.start()
    at = client.open("def add(a, b):\n    ret‸\n")
    answer = await client.ask(POPUP, at)
    assert answer["isIncomplete"] is False
    [item] = answer["items"]
    assert item["label"] == item["filterText"] == "return a + b"
    assert item["textEdit"] == {
        "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 7}},
        "newText": "return a + b",
    }
    assert item["insertTextFormat"] == 1
    assert item["command"]["command"] == "bantam.accepted"


async def test_the_label_is_the_first_line_that_says_something(
    client: JsonClient, engine: WritingEngine
) -> None:
    long_line = "value = " + " + ".join(f"number_{number}" for number in range(20))
    engine.texts = [f"\n    {long_line}\n    return value"]
    await client.start()
    [item] = (await client.ask(POPUP, client.open("def f():‸")))["items"]
    assert item["label"] == long_line[:59] + "…"
    assert "return value" in item["documentation"]["value"]


@pytest.mark.parametrize(
    ("capabilities", "popup", "num_items"),
    [
        ({}, "auto", 1),
        (WITH_GHOST_TEXT, "auto", 0),
        (WITH_GHOST_TEXT, "on", 1),
        ({}, "off", 0),
    ],
)
async def test_popups_are_offered_to_clients_without_ghost_text(
    client: JsonClient, capabilities: dict[str, object], popup: str, num_items: int
) -> None:
    options = {"completion": {"popup": popup}}
    await client.start(capabilities, initializationOptions=options)
    answer = await client.ask(POPUP, client.open("x = 1\nret‸\n"))
    assert len(answer["items"]) == num_items


async def test_what_is_not_ready_in_time_is_found_by_the_next_request(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.pause_after = 2
    await client.start(initializationOptions={"completion": {"popup_ms": 10}})
    at = client.open("x = 1\nret‸\n")
    assert await client.ask(POPUP, at) == {"isIncomplete": True, "items": []}
    await client.until(lambda: engine.requests)
    engine.gate.set()
    await client.until(lambda: engine.num_open == 0)
    answer = await client.ask(POPUP, client.type("u", at, version=2))
    assert [item["textEdit"]["newText"] for item in answer["items"]] == ["return a + b"]
    assert len(engine.requests) == 1


async def test_complete_lines_are_offered_while_the_model_still_writes(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.texts = ["\n    first = 1\n    second = 2"]
    engine.pause_after = len("\n    first = 1\n    sec")
    await client.start(initializationOptions={"completion": {"popup_ms": 500}})
    answer = await client.ask(POPUP, client.open("def f():‸"))
    assert answer["isIncomplete"] is True
    assert [item["label"] for item in answer["items"]] == ["first = 1"]
    engine.gate.set()


async def test_a_cancelled_popup_cancels_the_request(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.pause_after = 1
    await client.start()
    msg_id = client.send(POPUP, client.open("x = 1\nret‸\n"))
    await client.until(lambda: engine.num_open and engine.requests)
    client.notify("$/cancelRequest", {"id": msg_id})
    assert (await client.response(msg_id))["error"]["code"] == -32800
    await client.until(lambda: engine.num_open == 0)
