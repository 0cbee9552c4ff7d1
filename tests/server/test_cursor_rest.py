"""The editor says that its cursor came to another place, by a command or by asking for actions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lsp_server.completion import resting
from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import URI, JsonClient, ghost, in_process

TEXT = "import os\n\ndef add(a, b):\n    ‸\n\ndef sub(a, b):\n    return a - b\n"
ELSEWHERE = {"line": 1, "character": 0}
AUTOMATIC, INVOKED = 2, 1
INVALID_PARAMS = -32602


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "REST_S", 0.0)


async def asked(client: JsonClient) -> None:
    """Open a document and ask for a suggestion in it."""
    await client.start()
    await client.ask("textDocument/inlineCompletion", ghost(client.open(TEXT)))


async def let_run() -> None:
    for _ in range(100):
        await asyncio.sleep(0.001)


def looking_for_actions(kind: int, end: dict[str, int] = ELSEWHERE) -> dict[str, Any]:
    return {
        "textDocument": {"uri": URI},
        "range": {"start": ELSEWHERE, "end": end},
        "context": {"diagnostics": [], "triggerKind": kind},
    }


async def rested(client: JsonClient, argument: Any) -> Any:
    params = {"command": "bantam.cursorRested", "arguments": [argument]}
    return await client.response(client.send("workspace/executeCommand", params))


async def test_command_prepares_the_place() -> None:
    engine = WritingEngine(texts=["return a + b"])
    async with in_process(engine) as client:
        await asked(client)
        response = await rested(client, {"uri": URI, "position": ELSEWHERE})
        assert response["result"] is None
        await client.until(lambda: engine.preparations)


async def test_looking_for_actions_at_a_cursor_prepares_the_place() -> None:
    engine = WritingEngine(texts=["return a + b"])
    async with in_process(engine) as client:
        await asked(client)
        await client.ask("textDocument/codeAction", looking_for_actions(AUTOMATIC))
        await client.until(lambda: engine.preparations)


@pytest.mark.parametrize(
    "params",
    [
        looking_for_actions(INVOKED),
        looking_for_actions(AUTOMATIC, end={"line": 2, "character": 0}),
    ],
    ids=["a person opens the menu", "something is selected"],
)
async def test_other_looks_for_actions_prepare_nothing(params: dict[str, Any]) -> None:
    engine = WritingEngine(texts=["return a + b"])
    async with in_process(engine) as client:
        await asked(client)
        await client.ask("textDocument/codeAction", params)
        await let_run()
        assert engine.preparations == []


async def test_document_that_is_not_open_is_nothing_to_prepare() -> None:
    engine = WritingEngine(texts=["return a + b"])
    async with in_process(engine) as client:
        await asked(client)
        response = await rested(client, {"uri": "file:///project/b.py", "position": ELSEWHERE})
        assert response["result"] is None
        await let_run()
        assert engine.preparations == []


async def test_cursor_that_comes_before_any_question_is_left_alone() -> None:
    engine = WritingEngine(texts=["return a + b"])
    async with in_process(engine) as client:
        await client.start()
        client.open(TEXT)
        await rested(client, {"uri": URI, "position": ELSEWHERE})
        await let_run()
        assert engine.num_loads == 0
        assert engine.preparations == []


@pytest.mark.parametrize(
    "argument",
    [None, {}, {"uri": URI}, {"uri": URI, "position": {"line": -1, "character": 0}}, "x", [1]],
)
async def test_argument_of_another_form_is_refused(argument: Any) -> None:
    async with in_process(WritingEngine()) as client:
        await asked(client)
        response = await rested(client, argument)
        assert response["error"]["code"] == INVALID_PARAMS
        assert "{uri, position}" in response["error"]["message"]
