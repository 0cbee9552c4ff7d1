"""`FILE:LINE` and `FILE:LINE-LINE`: rows of a file, counting from 1."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.cli.location import LineIndex, Position
from lsp_server.errors import UsageError

_LINES = re.compile(r"(?P<file>.+):(?P<first>\d{1,18})(?:-(?P<last>\d{1,18}))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FileLines:
    """What was typed.

    Attributes:
        file: The file's name.
        first: The first line.
        last: The last line; `None` for one line alone, which is a cursor and no selection.
    """

    file: str
    first: int
    last: int | None

    def span(self, lines: LineIndex) -> tuple[int, int]:
        """Return where the selection begins and ends in a text.

        Raises:
            UsageError: The text has no such lines.
        """
        start = lines.offset_of(Position(self.first, 1), self.file)
        last = self.first if self.last is None else self.last
        lines.offset_of(Position(last, 1), self.file)
        end = lines.line_end(last)
        return (end, end) if self.last is None else (start, end)


def parse_lines(text: str) -> FileLines:
    """Take `FILE:LINE` or `FILE:LINE-LINE` apart.

    Raises:
        UsageError: It has another form, counts from 0, or ends before it begins.
    """
    found = _LINES.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} names no lines: write FILE:LINE or FILE:LINE-LINE, as in src/app.py:12-20, "
            "counting from 1"
        )
    first = int(found["first"])
    last = int(found["last"]) if found["last"] else None
    if first < 1 or (last is not None and last < 1):
        raise UsageError(f"{text!r} names line 0; lines count from 1")
    if last is not None and last < first:
        raise UsageError(f"{text!r}: the last line, {last}, stands before the first, {first}")
    return FileLines(found["file"], first, last)
