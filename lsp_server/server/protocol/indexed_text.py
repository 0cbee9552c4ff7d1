r"""A text with the index of its lines; the only line breaks are `\n`, `\r\n` and `\r`.

`str.splitlines`, which pygls uses, also splits at form feeds, U+2028 and others, where
LSP 3.18 ("Text Documents") and the editors do not: edits then land on the wrong line.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_LINE_BREAK_END = re.compile(r"\n|\r(?!\n)")


@dataclass(frozen=True, slots=True)
class IndexedText:
    """A text and where its lines begin.  Offsets are code points.

    Attributes:
        text: The text.
        line_starts: Offset of the first character of each line, ascending, beginning with 0.
    """

    text: str
    line_starts: Sequence[int]

    @classmethod
    def of(cls, text: str) -> IndexedText:
        """Return `text` with its index."""
        return cls(text, [0, *_starts_in(text, 0, len(text))])

    @property
    def num_lines(self) -> int:
        """How many lines there are; an empty text has one."""
        return len(self.line_starts)

    def line_of(self, offset: int) -> int:
        """Return the number of the line, from 0, that holds `offset`."""
        return bisect_right(self.line_starts, offset) - 1

    def line_span(self, line_idx: int) -> tuple[int, int]:
        """Return where a line begins and where its line break, or the text, ends it."""
        start = self.line_starts[line_idx]
        if line_idx + 1 == len(self.line_starts):
            return start, len(self.text)
        end = self.line_starts[line_idx + 1] - 1
        is_pair = self.text[end] == "\n" and end > start and self.text[end - 1] == "\r"
        return start, end - 1 if is_pair else end

    def replaced(self, start: int, end: int, new: str) -> IndexedText:
        r"""Return the text with `[start, end)` replaced, and its index.

        Only the neighbourhood of the change is searched for line breaks::

            old  0 ........ start ~~~~~~~~ end ........
            new  0 ........ start ~~~ new_end .........
                 kept as is | searched       | moved by the growth

        A line that begins at `start` itself is searched again, because a `\r` before it may
        have got or lost its `\n`.
        """
        text = self.text[:start] + new + self.text[end:]
        growth = len(new) - (end - start)
        starts = self.line_starts
        kept = starts[: max(1, bisect_left(starts, start))]
        found = _starts_in(text, max(0, start - 1), start + len(new))
        moved = [one + growth for one in starts[bisect_right(starts, end) :]]
        return IndexedText(text, [*kept, *found, *moved])


def _starts_in(text: str, start: int, end: int) -> list[int]:
    """Return where lines begin whose line break ends in `[start, end)`."""
    # The look-ahead must see one character more than may match.
    matches = _LINE_BREAK_END.finditer(text, start, min(len(text), end + 1))
    return [match.end() for match in matches if match.end() <= end]
