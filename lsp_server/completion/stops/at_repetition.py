"""Stop where the suggestion turns in circles."""

from __future__ import annotations

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.stops.lines import complete_lines_after_first

#: So many equal lines in a row are a loop of the model and no code.
MAX_EQUAL_LINES = 3
#: Nor is a piece of text that comes so many times in a row, over so many characters: a
#: number may well have five zeros.
MAX_EQUAL_PIECES = 5
_MIN_CIRCLE_CHARS = 20
_MAX_PIECE_CHARS = 32


def stop_at_repetition(text: str, cursor: Cursor) -> int | None:
    """Return the end of the first of several equal lines, or of equal pieces at the end."""
    del cursor
    kept = _end_of_first_equal_line(text)
    return kept if kept is not None else _end_of_first_equal_piece(text)


def _end_of_first_equal_line(text: str) -> int | None:
    previous: str | None = None
    end_of_first = 0
    num_equal = 0
    for newline, line in complete_lines_after_first(text):
        if line.strip() and line == previous:
            num_equal += 1
        else:
            previous, num_equal = line, 1
            end_of_first = newline + 1 + len(line)
        if num_equal >= MAX_EQUAL_LINES:
            return end_of_first
    return None


def _end_of_first_equal_piece(text: str) -> int | None:
    """Return the end of the first of the equal pieces that end the text."""
    for size in range(1, min(_MAX_PIECE_CHARS, len(text) // MAX_EQUAL_PIECES) + 1):
        piece = text[-size:]
        times = max(MAX_EQUAL_PIECES, -(-_MIN_CIRCLE_CHARS // size))
        if any(char.isalnum() for char in piece) and text.endswith(piece * times):
            return len(text) - size * (times - 1)
    return None
