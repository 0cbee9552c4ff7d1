"""A document as a client keeps it: code units in one flat list, and nothing clever.

It shares no code with the server, and is slow on purpose: every position is searched from the
beginning.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types

Encoding = types.PositionEncodingKind


def units_of(text: str, encoding: Encoding) -> list[int]:
    """Return the code units of a text; half a surrogate pair is one or, in UTF-8, three."""
    if encoding is Encoding.Utf8:
        return list(text.encode("utf-8", "surrogatepass"))
    if encoding is Encoding.Utf32:
        return [ord(char) for char in text]
    data = text.encode("utf-16-le", "surrogatepass")
    return [data[at] | data[at + 1] << 8 for at in range(0, len(data), 2)]


class ClientDocument:
    """Changes like the client's.

    Attributes:
        units: The text.
        encoding: What a unit is.
    """

    def __init__(self, text: str, encoding: Encoding) -> None:
        self.encoding = encoding
        self.units = units_of(text, encoding)

    def lines(self) -> list[tuple[int, int]]:
        """Return where each line begins and where its line break, or the text, ends it."""
        lines, start, at = [], 0, 0
        while at < len(self.units):
            num_break_units = self._num_break_units(at)
            if num_break_units:
                lines.append((start, at))
                start = at + num_break_units
            at += num_break_units or 1
        return [*lines, (start, len(self.units))]

    def index_of(self, line: int, character: int) -> int:
        """Return where a position is; outside, the nearest place that LSP names."""
        lines = self.lines()
        if line >= len(lines):
            return len(self.units)
        start, end = lines[line]
        index = min(start + character, end)
        # In UTF-8 no client can cut a character: JSON could not say what is left of it.
        while self.encoding is Encoding.Utf8 and self._is_inside(index):
            index -= 1
        return index

    def change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply one change."""
        new = units_of(change.text, self.encoding)
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            self.units = new
            return
        places: Any = (change.range.start, change.range.end)
        start, end = sorted(self.index_of(at.line, at.character) for at in places)
        self.units[start:end] = new

    def _num_break_units(self, at: int) -> int:
        if self.units[at] == 13:
            return 2 if self.units[at + 1 : at + 2] == [10] else 1
        return 1 if self.units[at] == 10 else 0

    def _is_inside(self, index: int) -> bool:
        return index < len(self.units) and 0x80 <= self.units[index] < 0xC0
