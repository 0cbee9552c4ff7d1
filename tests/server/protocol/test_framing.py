"""Messages out of bytes, however these are cut and whatever stands between them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.server.protocol.framing import MAX_HEADER_BYTES, Framer, FramingFault


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def read(*chunks: bytes, max_body_bytes: int = 1_000) -> list[bytes | None]:
    """Return bodies, and `None` for every fault."""
    framer = Framer(max_body_bytes)
    found = [one for chunk in chunks for one in framer.feed(chunk)]
    return [None if isinstance(one, FramingFault) else one for one in found]


@given(st.lists(st.binary(max_size=30), max_size=5), st.lists(st.integers(0, 200), max_size=9))
def test_bodies_arrive_whole_wherever_the_bytes_are_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(map(framed, bodies))
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[start:end] for start, end in itertools.pairwise(places)]
    assert read(*chunks) == bodies


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b'Content-Type: x; charset="UTF-8"\r\nContent-Length: 2\r\n\r\n',
        b"content-length:2\t\r\n\r\n",
    ],
)
def test_headers_may_be_written_in_several_ways(header: bytes) -> None:
    assert read(header + b"{}") == [b"{}"]


@pytest.mark.parametrize(
    "noise",
    [
        b"Content-Length: two\r\n\r\n{}",
        b"Content-Length: -2\r\n\r\n{}",
        b"Content-Length: 2.0\r\n\r\n{}",
        b"Content-Length: \xd9\xa2\r\n\r\n{}",
        b"Content-Length: 1001\r\n\r\n{}",
        b"no header",
        b"no header\r\n\r\nnor this\r\n\r\n\r\n\r\n",
        b"x" * 3 * MAX_HEADER_BYTES,
        b"X: " + b"x" * MAX_HEADER_BYTES + b"\r\n",
    ],
)
def test_one_fault_is_told_and_the_next_message_read(noise: bytes) -> None:
    data = noise + framed(b"next") + framed(b"after it")
    assert read(data) == [None, b"next", b"after it"]
    assert read(*(data[at : at + 1] for at in range(len(data)))) == [None, b"next", b"after it"]


def test_every_fault_is_told() -> None:
    assert read(b"x\r\n\r\n", framed(b"1"), b"y", framed(b"2")) == [None, b"1", None, b"2"]


def test_other_charsets_are_told() -> None:
    data = b"Content-Type: x; charset=utf-16\r\nContent-Length: 2\r\n\r\n{}"
    assert read(data) == [None, b"{}"]


@given(st.lists(st.sampled_from([b"Content-Length:", b" 3", b"\r\n", b"x", b"\r\n\r\n", b"9" * 9])))
def test_anything_is_survived(pieces: list[bytes]) -> None:
    # An unfinished body may swallow what follows, so enough is sent to end any of them.
    ending = [b"x" * 2_000, *[b"\r\n\r\n" + framed(b"found")] * 2]
    assert read(*pieces, *ending)[-1] == b"found"
