"""Documents as no editor should send them, and as some files are: all of them are completed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import URI, JsonClient, ghost, in_process

GHOST = "textDocument/inlineCompletion"
POPUP = "textDocument/completion"
#: What a prompt may have at most: the windows of the settings, and what was typed since.
MAX_PROMPT_CHARS = 4_000 + 2_000 + 1_200
CHANGED = -32801

#: Text before and after the cursor.  Each once took minutes somewhere, or could.
LARGE: dict[str, tuple[str, str]] = {
    "10 MB of Python": ("def f(a):\n    return a\n" * 400_000 + "value = add(", "\n"),
    "10 MB of Windows lines": ("def f(a):\r\n    return a\r\n" * 400_000 + "value = add(", "\r\n"),
    "5 MB of emoji": ("x = '🦜é'\n" * 500_000 + "value = add(", "\n"),
    "a line of 1 MB": ("x = '" + "a" * 1_000_000, "\n"),
    "a line of 1 MB of words": ("x = " + "ab + " * 200_000, "\n"),
    "a line of 1 MB of emoji": ("x = '" + "🦜" * 500_000, "\n"),
    "a million open brackets": ("x = " + "(" * 1_000_000, "\n"),
    "a million brackets after the cursor": ("x = ", ")" * 1_000_000),
    "many open brackets": ("x = " + "(" * 250_000, "\n"),
    "many open brackets on lines of their own": ("x = " + "(\n" * 120_000, "\n"),
    "a long list without an end": ("x = [" + "1, " * 90_000, "\n"),
    "a million blanks": ("x = " + " " * 1_000_000, "\n"),
    "a million empty lines": ("\n" * 1_000_000 + "y = ", "\n"),
    "a million quotes": ("x = " + "'\"" * 500_000, "\n"),
    "zeros and control characters": ("x = \0\0\x01\x02\x7f\x0c\n" * 10_000 + "y = ", "\0\n"),
}


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["foo(bar)"])


@pytest.fixture
async def client(engine: WritingEngine) -> AsyncIterator[JsonClient]:
    settings: dict[str, object] = {
        "completion.debounce_ms": 0,
        "completion.popup": "on",
        "completion.popup_ms": 5_000,
    }
    async with in_process(engine, settings) as client:
        await client.start()
        yield client


def position_after(text: str) -> dict[str, int]:
    last = text.replace("\r\n", "\n").rsplit("\n", 1)[-1]
    return {"line": text.count("\n"), "character": len(last.encode("utf-16-le")) // 2}


def open_document(
    client: JsonClient, text: str, *, uri: str = URI, version: int = 1
) -> dict[str, Any]:
    """Open a document and return its end as a place."""
    item = {"uri": uri, "languageId": "python", "version": version, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": item})
    return {"textDocument": {"uri": uri}, "position": position_after(text)}


@pytest.mark.parametrize("shape", LARGE)
async def test_large_documents_and_lines(
    client: JsonClient, engine: WritingEngine, shape: str
) -> None:
    """The prompt is bounded by its window and not by the document."""
    before, after = LARGE[shape]
    at = {**open_document(client, before + after), "position": position_after(before)}
    assert (await client.ask(GHOST, ghost(at)))["items"]
    assert len(engine.prompt) < MAX_PROMPT_CHARS
    at = client.type("b", at, version=2)
    [item] = (await client.ask(POPUP, at))["items"]
    assert len(item["textEdit"]["newText"]) < 300
    place = {"start": at["position"], "end": at["position"]}
    context: dict[str, Any] = {"diagnostics": []}
    assert isinstance(
        await client.ask("textDocument/codeAction", {**at, "range": place, "context": context}),
        list,
    )


async def test_large_neighbour_that_is_open_is_not_parsed(
    client: JsonClient, engine: WritingEngine
) -> None:
    open_document(client, "def put(huge): ...\n" * 500_000, uri="file:///project/shelf.py")
    at = open_document(client, "from shelf import put\n\nput(", uri="file:///project/app.py")
    assert (await client.ask(GHOST, ghost(at)))["items"]
    assert "def put(" not in engine.prompt


async def test_a_document_that_is_opened_twice_is_the_second_one(
    client: JsonClient, engine: WritingEngine
) -> None:
    open_document(client, "first = ", version=7)
    at = open_document(client, "second = ", version=1)
    assert (await client.ask(GHOST, ghost(at)))["items"]
    assert "second = " in engine.prompt
    assert "first" not in engine.prompt


async def test_changes_of_a_document_that_is_not_open_are_ignored(
    client: JsonClient, engine: WritingEngine
) -> None:
    at = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    client.type("value = ", at, version=2)
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    client.notify("textDocument/didSave", {"textDocument": {"uri": URI}})
    assert (await client.ask(GHOST, ghost(at)))["items"] == []
    at = open_document(client, "value = ")
    assert (await client.ask(GHOST, ghost(at)))["items"]


async def test_versions_that_go_backwards_are_taken_in_their_order(
    client: JsonClient, engine: WritingEngine
) -> None:
    at = open_document(client, "value = ", version=9)
    for number, version in enumerate([8, 8, -3, 0]):
        at = client.type(f"v{number} + ", at, version)
    assert (await client.ask(GHOST, ghost(at)))["items"]
    assert "value = v0 + v1 + v2 + v3 + " in engine.prompt


async def test_an_action_of_another_text_with_the_same_version_edits_nothing(
    client: JsonClient,
) -> None:
    """Vim opens a file again with the version that it had in the beginning."""
    text = "def add(a, b):\n    pass\n"
    at = open_document(client, text)
    place = {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 4}}
    params = {**at, "range": place, "context": {"diagnostics": []}}
    offers = await client.ask("textDocument/codeAction", params)
    [data] = [one["arguments"][0] for one in offers if "body" in one["title"]]
    open_document(client, "import os\n\n" + text)
    msg_id = client.send("codeAction/resolve", {"title": "x", "data": data})
    assert (await client.response(msg_id))["error"]["code"] == CHANGED


async def test_documents_that_differ_in_case_are_two(
    client: JsonClient, engine: WritingEngine
) -> None:
    lower = open_document(client, "lower = ", uri="file:///project/name.py")
    upper = open_document(client, "upper = ", uri="file:///project/Name.py")
    for at in (lower, upper, lower):
        assert (await client.ask(GHOST, ghost(at)))["items"]
    assert [one.document_key for one in engine.requests] == [
        "file:///project/name.py",
        "file:///project/Name.py",
    ]
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///project/name.py"}})
    assert (await client.ask(GHOST, ghost(lower)))["items"] == []
    assert (await client.ask(GHOST, ghost(upper)))["items"]
