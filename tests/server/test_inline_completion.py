"""Ghost text through the whole server, with an engine that writes what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import URI, JsonClient, ghost, in_process, position_params

GHOST = "textDocument/inlineCompletion"


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["return a + b"])


@pytest.fixture
async def client(engine: WritingEngine) -> AsyncIterator[JsonClient]:
    async with in_process(engine, {"completion.debounce_ms": 0}) as client:
        yield client


async def test_ghost_text_is_an_item_with_range_and_command(client: JsonClient) -> None:
    await client.start()
    at = client.open("def add(a, b):\n    ‸\n")
    [item] = (await client.ask(GHOST, ghost(at)))["items"]
    assert item["insertText"] == "return a + b"
    assert item["range"] == {"start": at["position"], "end": at["position"]}
    assert item["command"]["command"] == "bantam.accepted"


async def test_closers_are_replaced_by_the_range(client: JsonClient, engine: WritingEngine) -> None:
    engine.texts = ["a, b):\n    return a + b"]
    await client.start()
    at = client.open("def add(‸)")
    [item] = (await client.ask(GHOST, ghost(at)))["items"]
    assert item["insertText"] == "a, b):\n    return a + b"
    assert item["range"] == {
        "start": {"line": 0, "character": 8},
        "end": {"line": 0, "character": 9},
    }


@pytest.mark.parametrize(
    ("offered", "encoding", "character"),
    [
        (None, "utf-16", 9),
        (["utf-16"], "utf-16", 9),
        (["utf-8", "utf-16", "utf-32"], "utf-8", 11),
        (["utf-32", "utf-16"], "utf-32", 8),
        (["utf-7"], "utf-16", 9),
    ],
)
async def test_positions_are_in_the_negotiated_encoding(
    client: JsonClient,
    engine: WritingEngine,
    offered: list[str] | None,
    encoding: str,
    character: int,
) -> None:
    engine.texts = ["+ a"]
    capabilities = {"general": {"positionEncodings": offered}} if offered else {}
    result = await client.start(capabilities)
    assert result["capabilities"]["positionEncoding"] == encoding
    client.open("x = 1\r\ns = '😀' ‸")
    at = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": character}}
    [item] = (await client.ask(GHOST, ghost(at)))["items"]
    assert item["range"]["start"] == at["position"]
    assert engine.prompt.endswith("s = '😀' ")


async def test_edits_before_the_request_are_seen(client: JsonClient, engine: WritingEngine) -> None:
    await client.start()
    at = client.open("first = 1\x0c\nvalue = ‸\n")
    at = client.type("some(", at, version=2)
    await client.ask(GHOST, ghost(at))
    assert "first = 1\x0c\n" in engine.prompt
    assert "value = some(" in engine.prompt


async def test_virtual_documents_of_any_language_are_completed(client: JsonClient) -> None:
    await client.start()
    at = client.open("some text\n‸", uri="untitled:Untitled-1", language="klingon")
    assert (await client.ask(GHOST, ghost(at)))["items"]


async def test_unknown_documents_get_an_empty_answer(client: JsonClient) -> None:
    await client.start()
    assert (await client.ask(GHOST, ghost(position_params("", 0))))["items"] == []


async def test_the_selected_popup_item_is_part_of_the_question(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.texts = ["('hello')"]
    await client.start()
    at = client.open("import os\npri‸")
    selected = {
        "range": {"start": {"line": 1, "character": 0}, "end": at["position"]},
        "text": "print",
    }
    params = {**at, "context": {"triggerKind": 2, "selectedCompletionInfo": selected}}
    [item] = (await client.ask(GHOST, params))["items"]
    assert item["insertText"] == "print('hello')"
    assert item["range"] == selected["range"]


async def test_the_answer_to_an_older_version_is_empty(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.texts = ["result + b"]
    engine.pause_after = 3
    await client.start()
    at = client.open("value = ‸\n")
    old = client.send(GHOST, ghost(at))
    await client.until(lambda: engine.requests)
    behind = client.type("r", at, version=2)
    new = client.send(GHOST, ghost(behind))
    await asyncio.sleep(0)
    engine.gate.set()
    assert (await client.response(old))["result"]["items"] == []
    [item] = (await client.response(new))["result"]["items"]
    assert item["insertText"] == "esult + b"


async def test_cancelling_answers_once_and_closes_the_stream(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.pause_after = 3
    await client.start()
    msg_id = client.send(GHOST, ghost(client.open("value = ‸\n")))
    await client.until(lambda: engine.num_open and engine.requests)
    client.notify("$/cancelRequest", {"id": msg_id})
    response = await client.response(msg_id)
    assert response["error"]["code"] == -32800
    await client.until(lambda: engine.num_open == 0)


async def test_closing_a_document_ends_its_request(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.pause_after = 3
    await client.start()
    msg_id = client.send(GHOST, ghost(client.open("value = ‸\n")))
    await client.until(lambda: engine.num_open and engine.requests)
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert (await client.response(msg_id))["result"]["items"] == []
    await client.until(lambda: engine.num_open == 0)


async def test_the_model_is_told_a_path_below_the_workspace(
    client: JsonClient, engine: WritingEngine
) -> None:
    folders = [{"uri": "file:///home/someone/project", "name": "project"}]
    await client.start(workspaceFolders=folders)
    uri = "file:///home/someone/project/pkg/my%20file.py"
    await client.ask(GHOST, ghost(client.open("value = ‸\n", uri=uri)))
    assert "/home/someone" not in engine.prompt


async def test_accepted_and_dismissed_are_counted_once(client: JsonClient) -> None:
    await client.start()
    at = client.open("value = ‸\n")
    command = (await client.ask(GHOST, ghost(at)))["items"][0]["command"]
    other = (await client.ask(GHOST, ghost(at)))["items"][0]["command"]

    async def run(name: str, arguments: list[object]) -> object:
        params = {"command": name, "arguments": arguments}
        return await client.ask("workspace/executeCommand", params)

    await run(command["command"], command["arguments"])
    await run(command["command"], command["arguments"])
    await run("bantam.dismissed", other["arguments"])
    await run("bantam.dismissed", ["no such suggestion"])
    status = await run("bantam.status", [])
    assert isinstance(status, dict)
    assert status["suggestions"] == {"accepted": 1, "dismissed": 1}
    assert status["outcomes"] == {"shown": 1, "remembered": 1}


async def test_a_command_with_wrong_arguments_is_refused(client: JsonClient) -> None:
    await client.start()
    params = {"command": "bantam.accepted", "arguments": [1, 2]}
    response = await client.response(client.send("workspace/executeCommand", params))
    assert response["error"]["code"] == -32602
    assert "data" not in response["error"] or response["error"]["data"] is None
