"""LSP positions to offsets and back, in the encoding that client and server agreed on.

Inside Bantam offsets are code points; this is the one place that knows code units.
"""

from __future__ import annotations

from lsprotocol import types

from lsp_server.server.protocol.indexed_text import IndexedText


class PositionCodec:
    """Converts between code points and the client's code units."""

    def __init__(self, encoding: types.PositionEncodingKind | str) -> None:
        """Convert for one encoding; an unknown one counts as UTF-16, LSP's default."""
        self._encoding = encoding

    def offset_of(self, text: IndexedText, position: types.Position) -> int:
        """Return the offset of a position.

        As LSP asks, a character beyond its line means the line's end; a line beyond the
        document means its end; a position inside a character means its beginning.
        """
        if position.line >= text.num_lines:
            return len(text.text)
        start, end = text.line_span(position.line)
        return start + self._num_code_points(text.text[start:end], position.character)

    def position_of(self, text: IndexedText, offset: int) -> types.Position:
        """Return the position of an offset; one inside a line break is taken to its beginning."""
        line_idx = text.line_of(offset)
        start, end = text.line_span(line_idx)
        before = text.text[start : min(offset, end)]
        return types.Position(line=line_idx, character=self._num_units(before))

    def range_of(self, text: IndexedText, start: int, end: int) -> types.Range:
        """Return the range between two offsets."""
        return types.Range(self.position_of(text, start), self.position_of(text, end))

    def _num_units(self, text: str) -> int:
        if text.isascii() or self._encoding == types.PositionEncodingKind.Utf32:
            return len(text)
        return sum(self._units_of(char) for char in text)

    def _num_code_points(self, line: str, num_units: int) -> int:
        if line.isascii() or self._encoding == types.PositionEncodingKind.Utf32:
            return min(num_units, len(line))
        for index, char in enumerate(line):
            num_units -= self._units_of(char)
            if num_units < 0:
                return index
        return len(line)

    def _units_of(self, char: str) -> int:
        code = ord(char)
        if self._encoding == types.PositionEncodingKind.Utf8:
            return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        return 1 if code < 0x10000 else 2
