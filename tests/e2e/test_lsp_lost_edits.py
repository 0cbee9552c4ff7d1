"""Edits that cannot be read: the server says so instead of suggesting in another text, over a pipe.

`plain_pygls_server` has the same handlers on pygls as it comes, and goes on as if nothing was.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.raw_pipe import (
    URI,
    RawServer,
    framed,
    insert,
    notification,
    opening,
    request,
)

pytestmark = pytest.mark.e2e

GHOST = "textDocument/inlineCompletion"
START = "def add(a, b):\n    \n"
AT_BODY = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 4}}
SOUND: dict[str, Any] = insert(0, "# sum\n")["params"]


def changed(**parts: Any) -> dict[str, Any]:
    return {**SOUND, **parts}


def with_change(change: Any) -> dict[str, Any]:
    return changed(contentChanges=[change])


NOWHERE = {"line": 0, "character": 0}
UNREADABLE = {
    "no parameters": None,
    "a list": [SOUND],
    "no document": {"contentChanges": [{"text": ""}]},
    "a number as URI": changed(textDocument={"uri": 1, "version": 2}),
    "no version": changed(textDocument={"uri": URI}),
    "no changes": {"textDocument": SOUND["textDocument"]},
    "changes in words": changed(contentChanges="none"),
    "one change without a list": changed(contentChanges={"text": ""}),
    "no text": with_change({"range": {"start": NOWHERE, "end": NOWHERE}}),
    "null as text": with_change({"text": None}),
    "a number as text": with_change({"range": {"start": NOWHERE, "end": NOWHERE}, "text": 5}),
    "half a range": with_change({"range": {"start": NOWHERE}, "text": "x"}),
    "null as range": with_change({"range": None, "text": "x"}),
    "a negative line": with_change(
        {"range": {"start": {"line": -1, "character": 0}, "end": NOWHERE}, "text": "x"}
    ),
    "half a line": with_change(
        {"range": {"start": NOWHERE, "end": {"line": 0.5, "character": 0}}, "text": "x"}
    ),
}


def suggestions(server: RawServer, msg_id: str) -> list[Any]:
    context = {"triggerKind": 1}
    items: list[Any] = server.result(msg_id, GHOST, {**AT_BODY, "context": context})["items"]
    return items


def shown(server: RawServer) -> list[str]:
    return [
        one["params"]["message"]
        for one in server.received
        if one.get("method") == "window/showMessage"
    ]


@pytest.mark.parametrize("params", UNREADABLE.values(), ids=UNREADABLE)
def test_after_a_change_that_cannot_be_read_nothing_is_suggested_and_one_message_says_so(
    bantam: RawServer, params: Any
) -> None:
    bantam.send(opening(START))
    assert suggestions(bantam, "before")
    for number in range(2):
        bantam.send(notification("textDocument/didChange", params), insert(0, "x"))
        assert suggestions(bantam, f"after {number}") == []
    [message] = shown(bantam)
    assert URI in message
    assert "closed and opened again" in message


def test_a_change_that_asks_for_an_answer_is_refused_and_counts_as_lost(bantam: RawServer) -> None:
    bantam.send(opening(START))
    bantam.send(request("change", "textDocument/didChange", SOUND))
    assert bantam.response("change")["error"]["code"] == -32600
    assert suggestions(bantam, "after") == []
    [message] = shown(bantam)
    assert URI in message


def lose_a_change(server: RawServer) -> None:
    server.send(opening(START), notification("textDocument/didChange", with_change({"text": 1})))
    assert suggestions(server, "lost") == []


def test_a_text_as_a_whole_brings_a_document_back(bantam: RawServer) -> None:
    lose_a_change(bantam)
    whole = changed(
        contentChanges=[{"text": START}, insert(0, "#\n")["params"]["contentChanges"][0]]
    )
    bantam.send(notification("textDocument/didChange", whole))
    assert bantam.result("text", "probe/text", {"uri": URI}) == f"#\n{START}"
    bantam.send(notification("textDocument/didChange", changed(contentChanges=[{"text": START}])))
    assert suggestions(bantam, "whole")


def test_opening_it_again_brings_a_document_back(bantam: RawServer) -> None:
    lose_a_change(bantam)
    closing = notification("textDocument/didClose", {"textDocument": {"uri": URI}})
    bantam.send(closing, opening(START))
    assert suggestions(bantam, "opened")
    lose_a_change(bantam)
    bantam.send(opening(START))
    assert suggestions(bantam, "replaced")
    assert len(shown(bantam)) == 2


def test_a_document_that_cannot_be_read_when_it_is_opened_is_told(bantam: RawServer) -> None:
    broken = opening(START)
    broken["params"]["textDocument"]["text"] = None
    bantam.send(broken)
    assert suggestions(bantam, "broken") == []
    assert len(shown(bantam)) == 1
    bantam.send(opening(START))
    assert suggestions(bantam, "sound")


@pytest.mark.parametrize(
    "data",
    [
        framed(b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": \xff}'),
        framed(b'[{"jsonrpc": "2.0", "method": "textDocument/didChange"}]'),
        framed({"method": "textDocument/didChange", "params": SOUND}),
        framed(insert(0, "x"))[len("Content-Length: ") :],
    ],
    ids=["not JSON", "a batch", "another protocol", "half a header"],
)
def test_a_message_that_may_have_been_a_change_stops_suggestions(
    bantam: RawServer, data: bytes
) -> None:
    bantam.send(opening(START))
    assert suggestions(bantam, "before")
    bantam.send_bytes(data)
    assert suggestions(bantam, "after") == []
    [message] = shown(bantam)
    assert URI in message


def test_a_request_that_cannot_be_read_changes_no_document(bantam: RawServer) -> None:
    bantam.send(opening(START), request(9, GHOST, {"position": "here"}), {"id": 8, "method": 1})
    assert suggestions(bantam, "after")
    assert shown(bantam) == []


def test_a_document_above_the_limit_is_told_and_the_others_go_on(bantam: RawServer) -> None:
    bantam.send(opening(START))
    bantam.send_bytes(b"Content-Length: 999999999\r\n\r\n" + b"x" * 10_000)
    assert suggestions(bantam, "after")
    [message] = shown(bantam)
    assert "999999999" in message


def test_plain_pygls_writes_none_for_null_and_tells_nobody(plain: RawServer) -> None:
    nothing = {"range": {"start": NOWHERE, "end": NOWHERE}, "text": None}
    plain.send(opening(START), notification("textDocument/didChange", with_change(nothing)))
    assert plain.result(2, "probe/text", {"uri": URI}) == f"None{START}"
    assert shown(plain) == []


def test_plain_pygls_goes_on_without_a_change_that_it_cannot_read(plain: RawServer) -> None:
    lost = {"range": {"start": NOWHERE}, "text": "x"}
    plain.send(opening(START), notification("textDocument/didChange", with_change(lost)))
    plain.send(insert(0, "y"))
    assert plain.result(2, "probe/text", {"uri": URI}) == f"y{START}"
