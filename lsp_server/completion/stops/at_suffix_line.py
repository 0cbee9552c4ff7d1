"""Stop where the suggestion begins to write what already stands below the cursor."""

from __future__ import annotations

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.stops.lines import complete_lines_after_first


def stop_at_suffix_line(text: str, cursor: Cursor) -> int | None:
    """Return where a line begins that equals the next line of the document.

    Lines without a letter or digit, such as `}`, say nothing and are not compared unless
    the indentation is the same, too.
    """
    next_line = cursor.next_line
    if next_line is None:
        return None
    for newline, line in complete_lines_after_first(text):
        if line.rstrip() == next_line.rstrip() or _is_same_statement(line, next_line):
            return newline
    return None


def _is_same_statement(line: str, other: str) -> bool:
    return line.strip() == other.strip() and any(char.isalnum() for char in line)
