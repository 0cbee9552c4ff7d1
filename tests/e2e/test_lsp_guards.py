"""Each guard of `server/protocol` over a raw pipe, and pygls without it.

`plain_pygls_server` has the same handlers on pygls as it comes.  A test that fails for it says
that pygls has lost a defect: then the guard against it may go.
"""

from __future__ import annotations

from typing import Any

import pytest

from lsp_server.directories import Directories
from tests.support.guard_probes import SECRET
from tests.support.raw_pipe import (
    INITIALIZED,
    URI,
    BrokenFraming,
    RawServer,
    initialize,
    insert,
    notification,
    opening,
    request,
    running,
)

pytestmark = pytest.mark.e2e

#: More than there are threads in any pool of either server.
NUM_BLOCKING = 40
GHOST = "textDocument/inlineCompletion"


# Documents


def text_after_an_edit_behind(separator: str, server: RawServer) -> str:
    server.send(opening(f"a{separator}b\nc\n"), insert(1, "X"))
    text: str = server.result(2, "probe/text", {"uri": URI})
    return text


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_edits_land_on_the_clients_line(bantam: RawServer, separator: str) -> None:
    assert text_after_an_edit_behind(separator, bantam) == f"a{separator}b\nXc\n"


@pytest.mark.parametrize("separator", ["\x0c", "\u2028"])
def test_plain_pygls_takes_other_characters_for_line_breaks(
    plain: RawServer, separator: str
) -> None:
    assert text_after_an_edit_behind(separator, plain) == f"a{separator}Xb\nc\n"


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 9), ("utf-16", 4), ("utf-32", 3)])
def test_edits_are_counted_in_the_encoding_that_was_agreed_on(
    encoding: str, character: int
) -> None:
    with running("bantam_probe_server") as server:
        general = {"general": {"positionEncodings": [encoding]}}
        server.send(initialize(capabilities=general), INITIALIZED)
        # JSON can say half a surrogate pair, which UTF-8 cannot: three bytes, or one unit.
        server.send(opening("\ud83dß😀|\n"), insert(0, "X", character))
        text = server.result(2, "probe/text", {"uri": URI})
        assert text == "\ud83dß😀X|\n"


# One writer


def flood(server: RawServer, num_rounds: int) -> None:
    for number in range(num_rounds):
        server.result(f"flood {number}", "probe/flood", {"num_messages": 50})


def test_messages_of_several_threads_stay_whole(bantam: RawServer) -> None:
    flood(bantam, 2)
    assert len([one for one in bantam.received if one.get("method") == "probe/noise"]) == 400


def test_plain_pygls_mixes_messages_of_several_threads(plain: RawServer) -> None:
    with pytest.raises(BrokenFraming):
        flood(plain, 100)


# The reader


def released_in_time(server: RawServer, timeout_s: float) -> list[bool]:
    blocking = [
        request(f"block {number}", "probe/block", {"timeout_s": timeout_s})
        for number in range(NUM_BLOCKING)
    ]
    server.send(*blocking, request("release", "probe/release", {}))
    return [server.response(f"block {number}")["result"] for number in range(NUM_BLOCKING)]


def test_messages_are_read_while_all_threads_are_busy(bantam: RawServer) -> None:
    assert all(released_in_time(bantam, timeout_s=30.0))


def test_plain_pygls_reads_nothing_while_its_threads_are_busy(plain: RawServer) -> None:
    assert not all(released_in_time(plain, timeout_s=0.5))


# Bad parameters


def answers_to_bad_parameters(server: RawServer) -> list[dict[str, Any]]:
    server.send(request("bad", GHOST, {"position": "here"}))
    server.result("good", "probe/echo", {"value": 1})
    return server.responses("bad")


def test_bad_parameters_are_answered(bantam: RawServer) -> None:
    [answer] = answers_to_bad_parameters(bantam)
    assert answer["error"]["code"] == -32602
    assert GHOST in answer["error"]["message"]


def test_plain_pygls_leaves_bad_parameters_unanswered(plain: RawServer) -> None:
    assert answers_to_bad_parameters(plain) == []


def answers_to_what_cannot_be_written(server: RawServer) -> list[dict[str, Any]]:
    server.send(request("bad", "probe/no_json", {}))
    server.result("good", "probe/echo", {"value": 1})
    return server.responses("bad")


def test_a_result_that_cannot_be_written_is_answered(bantam: RawServer) -> None:
    [answer] = answers_to_what_cannot_be_written(bantam)
    assert answer["error"]["code"] == -32603


def test_plain_pygls_leaves_what_it_cannot_write_unanswered(plain: RawServer) -> None:
    assert answers_to_what_cannot_be_written(plain) == []


# Before `initialize`


def answer_to_a_request_that_is_too_early(name: str) -> dict[str, Any]:
    with running(name) as server:
        server.send(request(1, "probe/echo", {"value": 7}))
        return server.response(1)


def test_requests_before_initialize_are_refused() -> None:
    answer = answer_to_a_request_that_is_too_early("bantam_probe_server")
    assert answer["error"]["code"] == -32002


def test_plain_pygls_serves_before_initialize() -> None:
    assert answer_to_a_request_that_is_too_early("plain_pygls_server")["result"] == 7


# Errors


def answer_of_a_handler_that_fails(server: RawServer) -> dict[str, Any]:
    server.send(request(4, "probe/raise", {}))
    return server.response(4)


def test_an_unexpected_fault_shows_nothing_of_its_place(bantam: RawServer) -> None:
    error = answer_of_a_handler_that_fails(bantam)["error"]
    assert error["code"] == -32603
    assert error.keys() == {"code", "message"}
    assert "/" not in error["message"]
    assert SECRET not in error["message"]


def test_plain_pygls_sends_tracebacks(plain: RawServer) -> None:
    error = answer_of_a_handler_that_fails(plain)["error"]
    assert "guard_probes.py" in str(error["data"]["traceback"])
    assert SECRET in error["message"]


# Standard output and input


def test_what_else_is_printed_goes_to_standard_error(bantam: RawServer) -> None:
    bantam.result(2, "probe/print", {})
    assert bantam.end() == 0
    lines = bantam.stderr.splitlines()
    assert [line for line in lines if line.startswith("from ")] == [
        "from print",
        "from a descriptor",
        "from a child",
    ]


def test_plain_pygls_mixes_what_is_printed_into_messages(plain: RawServer) -> None:
    with pytest.raises(BrokenFraming, match="from print"):
        plain.result(2, "probe/print", {})


def test_a_child_cannot_take_the_clients_messages(bantam: RawServer) -> None:
    assert bantam.result(2, "probe/read", {}) == 0
    assert bantam.result(3, "probe/echo", {"value": 3}) == 3


# Logs


def provoke_logging(server: RawServer) -> None:
    server.send(opening(f"{SECRET} = 1\n"), insert(0, SECRET))
    server.result(2, "probe/text", {"uri": URI})
    server.send(request(3, GHOST, {"position": SECRET}))
    answer_of_a_handler_that_fails(server)
    server.send(request(5, "workspace/executeCommand", {"command": SECRET}))
    server.send(
        request(6, "workspace/executeCommand", {"command": "bantam.edit", "arguments": [SECRET]})
    )
    server.send(notification("textDocument/didChange", {"contentChanges": SECRET}))
    server.send(notification("$/cancelRequest", {"id": SECRET}))
    server.send({"jsonrpc": "2.0", "id": SECRET, "result": SECRET})
    server.send(f'{{"{SECRET}'.encode())
    server.send_bytes(f"{SECRET}\r\n\r\n".encode())
    assert server.end() == 0


def test_no_text_of_a_document_is_logged(
    bantam: RawServer, bantam_directories: Directories
) -> None:
    provoke_logging(bantam)
    [log] = bantam_directories.logs.glob("server-*.log")
    for text in (log.read_text(), bantam.stderr):
        assert SECRET not in text
        # Where it failed is there all the same.
        assert "ValueError" in text


def test_plain_pygls_logs_messages(plain: RawServer) -> None:
    plain.send(opening(f"{SECRET} = 1\n"))
    plain.result(2, "probe/text", {"uri": URI})
    assert SECRET in plain.stderr


def test_what_is_refused_is_no_event_on_standard_error(bantam: RawServer) -> None:
    bantam.send(request(2, "workspace/executeCommand", {"command": "no.such"}))
    bantam.send(request(3, "workspace/executeCommand", {"command": "bantam.accepted"}))
    bantam.send(notification("$/cancelRequest", {"id": "answered long ago"}))
    assert bantam.response(2)["error"]["code"] == -32602
    assert bantam.response(3)["error"]["code"] == -32602
    assert bantam.end() == 0
    assert bantam.stderr == ""


# Messages that are none


NO_MESSAGES = [
    (b"{", -32700),
    (b"", -32700),
    (b'{"jsonrpc": "2.0", "id": 9, "method": "x\xff"}', -32700),
    (b"[" * 100_000, -32700),
    (b"1" * 10_000, -32700),
    (b"[]", -32600),
    (b'"text"', -32600),
    (b"null", -32600),
    (b'{"id": [], "jsonrpc": "2.0", "method": "shutdown"}', -32600),
    (b'{"id": null, "jsonrpc": "2.0", "method": "shutdown"}', -32600),
    (b'{"id": true, "jsonrpc": "2.0", "method": "shutdown"}', -32600),
]


def test_what_is_no_message_is_refused_and_the_next_one_served(bantam: RawServer) -> None:
    for number, (body, code) in enumerate(NO_MESSAGES):
        bantam.received.clear()
        bantam.send(body)
        assert bantam.response(None)["error"]["code"] == code, body[:60]
        assert bantam.result(f"echo {number}", "probe/echo", {"value": 2}) == 2, body[:60]


def test_plain_pygls_does_not_answer_what_is_no_json(plain: RawServer) -> None:
    plain.send(b"{")
    plain.result(2, "probe/echo", {"value": 2})
    assert plain.responses(None) == []


def test_a_broken_request_is_refused_by_its_id(bantam: RawServer) -> None:
    for message in (
        {"id": 9, "method": "shutdown"},
        {"jsonrpc": "1.0", "id": 9, "method": "shutdown"},
        {"jsonrpc": "2.0", "id": 9, "method": 5},
    ):
        bantam.received.clear()
        bantam.send(message)
        assert bantam.response(9)["error"]["code"] == -32600, message


NO_HEADERS = [
    b"Content-Type: application/json\r\n\r\n{}",
    b"Content-Length: twelve\r\n\r\n{}",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: 99999999999999999999\r\n\r\n{}",
    b"Content-Length: 999999999999\r\n\r\n{}",
    b"Content-Length: 2\r\nContent-Type: x; charset=utf-16\r\n\r\n{}",
    b"\x00\xff not a header at all",
    b"X-Padding: " + b"x" * 1_000_000 + b"\r\n\r\n",
    b"x" * 1_000_000,
]


def test_a_header_that_cannot_be_read_is_told_and_the_next_message_served(
    bantam: RawServer,
) -> None:
    for number, noise in enumerate(NO_HEADERS):
        bantam.received.clear()
        bantam.send_bytes(noise)
        assert bantam.result(f"echo {number}", "probe/echo", {"value": 2}) == 2, noise[:60]
        told = [one["error"]["code"] for one in bantam.responses(None)]
        assert told[0] == -32700, noise[:60]


def test_headers_are_read_as_http_writes_them(bantam: RawServer) -> None:
    body = b'{"jsonrpc": "2.0", "id": 2, "method": "probe/echo", "params": {"value": 2}}'
    header = b"content-length:%d \r\nX-Other: 1\r\n\r\n" % len(body)
    bantam.send_bytes(b"\r\n\r\n\n" + header + body)
    assert bantam.response(2)["result"] == 2


def test_unknown_methods_are_refused_and_as_notifications_ignored(bantam: RawServer) -> None:
    for method in ("no/such", "$/no/such", "textDocument/hover"):
        for number, params in enumerate((None, {}, [1], {"position": 7})):
            bantam.received.clear()
            bantam.send(request(f"{method} {number}", method, params))
            bantam.send(notification(method, params))
            assert bantam.response(f"{method} {number}")["error"]["code"] == -32601
            assert bantam.result(f"echo {method} {number}", "probe/echo", {"value": 3}) == 3
            assert len(bantam.received) == 2


def test_a_message_inside_of_parameters_is_a_value_like_any_other(bantam: RawServer) -> None:
    inner = {"jsonrpc": "2.0", "id": 7, "method": "shutdown"}
    params = {"command": "bantam.dismissed", "arguments": [inner]}
    bantam.send(request(2, "workspace/executeCommand", params))
    assert bantam.response(2)["error"]["code"] == -32602
    assert bantam.responses(7) == []


def test_a_response_cannot_answer_the_clients_own_request(bantam: RawServer) -> None:
    bantam.send(
        request(2, "probe/block", {"timeout_s": 30.0}),
        {"jsonrpc": "2.0", "id": 2, "result": None},
        request(3, "probe/release", {}),
    )
    assert bantam.response(2)["result"] is True
