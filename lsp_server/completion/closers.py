"""What an editor inserts right of the cursor by itself: closing brackets and quotes.

Such text is no decision of the person who types: it hides nothing that a suggestion may say,
and a suggestion that closes the same brackets replaces it.
"""

from __future__ import annotations

#: Each closing bracket and the one that it closes.
OPENER_OF = {")": "(", "]": "[", "}": "{"}
QUOTES = "\"'`"
#: What may follow a closer at the end of a line and belongs to it.
_ENDS = ";,:"


def leading_closers(rest_of_line: str) -> str:
    """Return the closers that `rest_of_line`, the text right of the cursor, begins with.

    Where nothing but closers, blanks, `;`, `,` and `:` reaches to the end of the line, all of
    it counts; otherwise only the closers that touch the cursor.
    """
    closers = "".join(OPENER_OF) + QUOTES
    if not rest_of_line.strip(closers + _ENDS + " \t"):
        return rest_of_line.rstrip()
    return rest_of_line[: len(rest_of_line) - len(rest_of_line.lstrip(closers))]


def num_closers_used(suggestion: str, line_prefix: str, rest_of_line: str) -> int:
    """Return how many characters of `rest_of_line` the suggestion closes itself.

    A closing bracket in the suggestion that closes nothing opened there, or the quote that
    ends the string around the cursor, takes the place of the same character right of the
    cursor; so does a `;`, `,` or `:` directly behind it.

    Args:
        suggestion: The text that would stand at the cursor.
        line_prefix: The cursor's line up to the cursor.
        rest_of_line: The cursor's line from the cursor on.
    """
    reader = _Reader(line_prefix, rest_of_line)
    for char in suggestion:
        reader.take(char)
    return reader.num_used


class _Reader:
    """Follows brackets and strings through a suggestion."""

    def __init__(self, line_prefix: str, rest_of_line: str) -> None:
        self.num_used = 0
        self._rest = rest_of_line
        self._num_opened = 0
        self._quote = _quote_around(line_prefix, rest_of_line)
        self._is_quote_outside = bool(self._quote)
        self._is_escaped = False
        self._has_just_used = False

    def take(self, char: str) -> None:
        has_just_used, self._has_just_used = self._has_just_used, False
        if self._quote:
            self._take_in_string(char)
        elif char in QUOTES:
            self._quote = char
        elif char in OPENER_OF.values():
            self._num_opened += 1
        elif char in OPENER_OF and self._num_opened:
            self._num_opened -= 1
        elif char in OPENER_OF or (has_just_used and char in _ENDS):
            self._try_use(char)

    def _take_in_string(self, char: str) -> None:
        if self._is_escaped:
            self._is_escaped = False
        elif char == "\\":
            self._is_escaped = True
        elif char == self._quote:
            if self._is_quote_outside:
                self._try_use(char)
            self._leave_string()
        elif char == "\n" and self._quote != "`":
            # An apostrophe in a comment, most likely: no string goes over the end of a line.
            self._leave_string()

    def _leave_string(self) -> None:
        self._quote = ""
        self._is_quote_outside = False

    def _try_use(self, char: str) -> None:
        unused = self._rest[self.num_used :]
        num_blanks = len(unused) - len(unused.lstrip(" \t"))
        if unused[num_blanks : num_blanks + 1] == char:
            self.num_used += num_blanks + 1
            self._has_just_used = True


def _quote_around(line_prefix: str, rest_of_line: str) -> str:
    """Return the quote that stands right of the cursor, if the cursor is in its string."""
    quote = rest_of_line[:1]
    is_inside = quote in QUOTES and line_prefix.count(quote) % 2 == 1
    return quote if is_inside else ""
