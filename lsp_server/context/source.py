"""A text and its bytes: the one place where offsets are converted.

Everywhere in Bantam an offset is an index into the text, in code points.  tree-sitter counts
bytes of UTF-8, and its points are (row, byte column) with rows that end at a newline alone;
both stay inside `lsp_server.context`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from tree_sitter import Point


def encode(text: str) -> bytes:
    """Return the UTF-8 bytes of a text; a lone surrogate, which has none, becomes `?`."""
    return text.encode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class SourceText:
    """One text, encoded once.

    Attributes:
        text: The text.
        data: The same as UTF-8.
    """

    text: str
    data: bytes
    _row_starts: list[int] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> SourceText:
        """Encode a text and find its rows."""
        data = encode(text)
        row_starts = [0]
        newline = data.find(b"\n")
        while newline >= 0:
            row_starts.append(newline + 1)
            newline = data.find(b"\n", newline + 1)
        return cls(text, data, row_starts)

    @property
    def num_rows(self) -> int:
        """Number of rows; an empty text has one."""
        return len(self._row_starts)

    def byte_of(self, offset: int) -> int:
        """Return the byte at which the code point at `offset` begins."""
        if len(self.data) == len(self.text):
            return offset
        return len(encode(self.text[:offset]))

    def offset_of(self, byte: int) -> int:
        """Return the offset of the code point that begins at `byte`."""
        if len(self.data) == len(self.text):
            return byte
        return len(self.data[:byte].decode("utf-8", errors="ignore"))

    def point_of(self, byte: int) -> Point:
        """Return (row, byte column) of a byte."""
        row = self.row_of(byte)
        return Point(row, byte - self._row_starts[row])

    def row_of(self, byte: int) -> int:
        """Return the row, from 0, in which a byte stands."""
        return bisect_right(self._row_starts, byte) - 1

    def row_start(self, row: int) -> int:
        """Return the first byte of a row, from 0."""
        return self._row_starts[row]

    def slice(self, start_byte: int, end_byte: int) -> str:
        """Return the text between two bytes."""
        return self.data[start_byte:end_byte].decode("utf-8", errors="replace")
