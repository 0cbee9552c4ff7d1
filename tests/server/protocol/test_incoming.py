"""What is a message and what is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.server.protocol.incoming import NoMessage, read_message


def refusal(body: bytes) -> NoMessage:
    with pytest.raises(NoMessage) as caught:
        read_message(body)
    return caught.value


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "method": "m"},
        {"jsonrpc": "2.0", "id": "one", "method": "m", "params": [1]},
        {"jsonrpc": "2.0", "method": "m", "params": {"jsonrpc": 7}},
        {"jsonrpc": "2.0", "id": 1, "result": None},
        {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "m"}},
    ],
)
def test_messages_are_taken_as_they_are(message: dict[str, object]) -> None:
    assert read_message(json.dumps(message).encode()) == message


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5_000])
def test_what_is_no_json_is_a_parse_error(body: bytes) -> None:
    assert refusal(body).error.code == -32700


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b"{}", b'{"jsonrpc": "2", "id": 1}'])
def test_json_that_is_no_message_is_an_invalid_request(body: bytes) -> None:
    assert refusal(body).error.code == -32600


@pytest.mark.parametrize("msg_id", [None, True, 1.5, [], {}])
def test_only_numbers_and_strings_are_ids(msg_id: object) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": msg_id, "method": "m"}).encode()
    assert refusal(body).error.code == -32600
    assert refusal(body).msg_id is None


def test_a_refusal_goes_to_the_id_that_it_is_for() -> None:
    assert refusal(b'{"jsonrpc": "1.0", "id": 7, "method": "m"}').msg_id == 7


def test_a_refusal_does_not_quote_the_message() -> None:
    assert "secret" not in refusal(b'{"text": "secret').error.message


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(body: bytes) -> None:
    try:
        assert isinstance(read_message(body), dict)
    except NoMessage as fault:
        assert fault.error.code in (-32700, -32600)
