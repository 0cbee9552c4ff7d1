"""LSP positions to offsets and back, in the encoding that client and server agreed on.

Inside Bantam offsets are code points; this is the one place that knows code units.
"""

from __future__ import annotations

import re

from lsprotocol import types

from lsp_server.server.protocol.indexed_text import IndexedText

_CODECS: dict[str, tuple[str, int]] = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: ("utf-16-le", 2),
}
#: Long lines are counted in pieces of so many characters, by code that is not Python.
_PIECE_CHARS = 256
_SURROGATE = re.compile("[\ud800-\udfff]")


class PositionCodec:
    """Converts between code points and the client's code units."""

    def __init__(self, encoding: types.PositionEncodingKind | str) -> None:
        """Convert for one encoding; an unknown one counts as UTF-16, LSP's default."""
        self._is_utf_16 = encoding not in (
            types.PositionEncodingKind.Utf8,
            types.PositionEncodingKind.Utf32,
        )
        self._codec = (
            None
            if encoding == types.PositionEncodingKind.Utf32
            else _CODECS.get(encoding, _CODECS[types.PositionEncodingKind.Utf16])
        )

    def offset_of(self, text: IndexedText, position: types.Position) -> int:
        """Return the offset of a position.

        As LSP asks, a character beyond its line means the line's end; a line beyond the
        document means its end; a position inside a character means its beginning.
        """
        return self._place_of(text, position)[0]

    def position_of(self, text: IndexedText, offset: int) -> types.Position:
        """Return the position of an offset; one inside a line break is taken to its beginning."""
        line_idx = text.line_of(offset)
        start, end = text.line_span(line_idx)
        before = text.text[start : min(offset, end)]
        return types.Position(line=line_idx, character=self._num_units(before))

    def range_of(self, text: IndexedText, start: int, end: int) -> types.Range:
        """Return the range between two offsets."""
        return types.Range(self.position_of(text, start), self.position_of(text, end))

    def edit_of(self, text: IndexedText, where: types.Range, new: str) -> tuple[int, int, str]:
        """Return which code points a change replaces, and by what.

        A client that counts in UTF-16 may compute its changes in UTF-16, too: when one emoji
        becomes another, it replaces the second half of a surrogate pair.  What it has then, and
        so what is returned, is made of the halves.

        Returns:
            Start and end of what is replaced, and the text to put there.
        """
        # Ranges are ordered by specification; one that is not is read as if it were.
        (start, is_start_inside), (end, is_end_inside) = sorted(
            (self._place_of(text, where.start), self._place_of(text, where.end))
        )
        if is_start_inside:
            new = _halves(text.text[start])[0] + new
        if is_end_inside:
            new += _halves(text.text[end])[1]
            end += 1
        return _joined(text.text, start, end, new) if self._is_utf_16 else (start, end, new)

    def _place_of(self, text: IndexedText, position: types.Position) -> tuple[int, bool]:
        """Return the offset of a position, and whether it cuts a surrogate pair in half."""
        if position.line >= text.num_lines:
            return len(text.text), False
        start, end = text.line_span(position.line)
        line = text.text[start:end]
        num_chars, num_left = self._num_code_points(line, position.character)
        is_inside = self._is_utf_16 and num_left > 0 and num_chars < len(line)
        return start + num_chars, is_inside

    def _num_units(self, text: str) -> int:
        if self._codec is None or text.isascii():
            return len(text)
        name, unit_bytes = self._codec
        return len(text.encode(name, "surrogatepass")) // unit_bytes

    def _num_code_points(self, line: str, num_units: int) -> tuple[int, int]:
        """Return how many whole characters `num_units` are, and how many units are left."""
        if self._codec is None or line.isascii():
            num_chars = min(num_units, len(line))
            return num_chars, num_units - num_chars
        at = 0
        for step in (_PIECE_CHARS, 1):
            while at < len(line) and (num := self._num_units(line[at : at + step])) <= num_units:
                at = min(at + step, len(line))
                num_units -= num
        return at, num_units


def _halves(char: str) -> tuple[str, str]:
    code = ord(char) - 0x10000
    return chr(0xD800 + (code >> 10)), chr(0xDC00 + (code & 0x3FF))


def _joined(text: str, start: int, end: int, new: str) -> tuple[int, int, str]:
    """Make one character of halves that an edit has brought together."""
    if start > 0 and _SURROGATE.match(text, start - 1):
        start -= 1
        new = text[start] + new
    if _SURROGATE.match(text, end):
        new += text[end]
        end += 1
    if not new.isascii() and _SURROGATE.search(new):
        new = new.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return start, end, new
