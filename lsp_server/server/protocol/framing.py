r"""From bytes to the bodies of messages, and back to them after a header that cannot be read.

Nothing says where a message ends whose length is unknown, so reading goes on at the next
`Content-Length: N` that a header ends with.  That cannot be found inside a body by mistake:
in JSON text the `\r\n` behind it would be escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HEADER_BYTES = 4_096
#: Above what any editor sends: documents of 10 MB arrive as bodies of 10 to 60 MB.
MAX_BODY_BYTES = 128 * 1024 * 1024
_HEADER_END = b"\r\n\r\n"
#: Enough of a header that is too long to hold the beginning of the next one.
_KEPT_BYTES = 256

_FIELDS = rb"(?:[!-9;-~]+:[^\r\n]*\r\n)*"
_LENGTH = rb"(?i:content-length):[ \t]*(\d{1,12})[ \t]*\r\n"
_HEADER = re.compile(rb"%b%b%b\Z" % (_FIELDS, _LENGTH, _FIELDS))
_HEADER_AT_END = re.compile(rb"%b%b\Z" % (_LENGTH, _FIELDS))
_BLANKS = re.compile(rb"[\r\n]+")
_CHARSET = re.compile(rb"(?i)charset=\"?([^\s;\"]+)")


@dataclass(frozen=True, slots=True)
class FramingFault:
    """Bytes that are no message.

    Attributes:
        message: What is wrong with them.
        is_too_long: Whether they may be a message, but for its length: no editor sends edits of
            that size, so it is a document that is being opened.
    """

    message: str
    is_too_long: bool = False


class Framer:
    """Takes bytes as they arrive, cut anywhere; gives the bodies of messages."""

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._num_body_bytes: int | None = None
        self._is_lost = False

    def feed(self, data: bytes) -> Iterator[bytes | FramingFault]:
        """Yield what `data` completes, in order; one fault, however long the way back is."""
        self._buffer += data
        while (found := self._next()) is not None:
            if isinstance(found, FramingFault) and self._is_lost:
                continue
            self._is_lost = isinstance(found, FramingFault)
            yield found

    def _next(self) -> bytes | FramingFault | None:
        if self._num_body_bytes is not None:
            return self._body(self._num_body_bytes)
        self._skip_blanks()
        end = self._buffer.find(_HEADER_END)
        if end >= 0:
            return self._read_header(self._cut(end, len(_HEADER_END)))
        if len(self._buffer) <= MAX_HEADER_BYTES:
            return None
        del self._buffer[:-_KEPT_BYTES]
        return _too_long()

    def _skip_blanks(self) -> None:
        """Skip what some clients write behind a body, as HTTP does (RFC 9112, 2.2)."""
        blanks = _BLANKS.match(self._buffer)
        if blanks is not None:
            del self._buffer[: blanks.end()]

    def _body(self, num_bytes: int) -> bytes | None:
        if len(self._buffer) < num_bytes:
            return None
        self._num_body_bytes = None
        return self._cut(num_bytes, 0)

    def _cut(self, num_bytes: int, num_dropped_bytes: int) -> bytes:
        taken = bytes(self._buffer[:num_bytes])
        del self._buffer[: num_bytes + num_dropped_bytes]
        return taken

    def _read_header(self, header: bytes) -> bytes | FramingFault | None:
        """Note how long the body is; go on with it, unless there is a fault to tell first."""
        fault = _too_long() if len(header) > MAX_HEADER_BYTES else None
        header = header[-MAX_HEADER_BYTES:] + b"\r\n"
        found = _HEADER.match(header)
        if found is None:
            # The end of what is no header may be one: that of the message after a broken one.
            found = _HEADER_AT_END.search(header)
            fault = fault or FramingFault("a header must say Content-Length: N, and N in digits")
        if found is None:
            return fault
        num_bytes = int(found[1])
        if num_bytes > self._max_body_bytes:
            return FramingFault(
                f"Content-Length is {num_bytes}; the limit is {self._max_body_bytes} bytes",
                is_too_long=True,
            )
        self._num_body_bytes = num_bytes
        charset = _CHARSET.search(header)
        if charset is not None and charset[1].lower() not in (b"utf-8", b"utf8"):
            fault = FramingFault("the only charset of a message is utf-8")
        return fault or self._body(num_bytes)


def _too_long() -> FramingFault:
    return FramingFault(f"a header has more than {MAX_HEADER_BYTES} bytes")
