r"""`FILE:LINE:COLUMN`: from what a person types to an offset into a text, and back.

Lines and columns count from 1, as editors show them.  A column counts characters (code
points; a tab is one) and the cursor stands before that character.  Lines end as in LSP: at
`\n`, `\r\n` or `\r`, and nowhere else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from lsp_server.errors import UsageError

#: Greedy, so that the drive letter of `C:\code\a.py:3:7` stays in the file's name.
_LOCATION = re.compile(r"(?P<file>.+):(?P<line>\d{1,18}):(?P<column>\d{1,18})", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\n|\r")

#: The file that means standard input.
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two characters; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Location:
    """What was typed; a position of `None` means the end of standard input."""

    file: str
    position: Position | None


def parse_location(text: str) -> Location:
    """Take `FILE:LINE:COLUMN` apart.

    Raises:
        UsageError: It has another form, or counts from 0.
    """
    if text == STANDARD_INPUT:
        return Location(STANDARD_INPUT, None)
    found = _LOCATION.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is no position: write FILE:LINE:COLUMN, as in src/app.py:12:5, "
            "counting from 1"
        )
    position = Position(line=int(found["line"]), column=int(found["column"]))
    if position.line < 1 or position.column < 1:
        raise UsageError(
            f"{text!r} has line {position.line} and column {position.column}; both count from 1"
        )
    return Location(found["file"], position)


class LineIndex:
    """The lines of one text."""

    def __init__(self, text: str) -> None:
        ends = [(found.start(), found.end()) for found in _LINE_END.finditer(text)]
        self._starts = [0, *(end for _, end in ends)]
        # Where the content of each line ends, before its line ending.
        self._content_ends = [*(start for start, _ in ends), len(text)]

    @property
    def num_lines(self) -> int:
        """Number of lines; a text that ends with a newline has an empty last one."""
        return len(self._starts)

    def offset_of(self, position: Position, name: str) -> int:
        """Return the offset of a position.

        Args:
            position: Line and column from 1.
            name: What the text is called in a message.

        Raises:
            UsageError: The text has no such line or column.
        """
        if position.line > self.num_lines:
            lines = "1 line" if self.num_lines == 1 else f"{self.num_lines} lines"
            raise UsageError(
                f"{name} has {lines}, so there is no line {position.line}; give one from 1 to "
                f"{self.num_lines}"
            )
        start = self._starts[position.line - 1]
        num_chars = self._content_ends[position.line - 1] - start
        if position.column > num_chars + 1:
            raise UsageError(
                f"line {position.line} of {name} has {num_chars} characters, so its columns go "
                f"from 1 to {num_chars + 1}, and not to {position.column}"
            )
        return start + position.column - 1

    def line_end(self, line: int) -> int:
        """Return where the content of a line, from 1, ends; its line ending comes after."""
        return self._content_ends[line - 1]

    def position_of(self, offset: int) -> Position:
        """Return the position of an offset."""
        line = bisect_right(self._starts, offset)
        return Position(line=line, column=offset - self._starts[line - 1] + 1)

    def line_spans(self) -> list[tuple[int, int]]:
        """Return [start, end) of each line, line ending included."""
        return list(pairwise([*self._starts, max(self._content_ends[-1], self._starts[-1])]))
