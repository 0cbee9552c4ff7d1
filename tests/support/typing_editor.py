"""An editor for one document that closes brackets and indents, as people's editors do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_CLOSER_OF = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Keystroke:
    """The document after a key.

    Attributes:
        text: The document.
        cursor: Offset of the cursor.
        key: What was typed, for messages.
    """

    text: str
    cursor: int
    key: str


class TypingEditor:
    """Types given text at a cursor."""

    def __init__(self, text: str, cursor: int) -> None:
        self.text = text
        self.cursor = cursor
        self._num_own_closers = 0

    def type(self, wanted: str) -> Iterator[Keystroke]:
        """Type until `wanted` stands before the cursor; yields after each key."""
        rest = wanted
        while rest:
            num_chars = self._press(rest)
            yield Keystroke(self.text, self.cursor, rest[:num_chars])
            rest = rest[num_chars:]

    def erase(self, num_chars: int) -> Iterator[Keystroke]:
        """Press backspace; yields after each key."""
        for _ in range(num_chars):
            self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
            self.cursor -= 1
            yield Keystroke(self.text, self.cursor, "backspace")

    def _press(self, rest: str) -> int:
        """Press the next key and return how many of the wanted characters it gave."""
        is_closer = rest[0] in _CLOSER_OF.values()
        if is_closer and self._num_own_closers and self.text.startswith(rest[0], self.cursor):
            return self._type_over(1)
        if rest[0] == "\n":
            return self._press_enter(rest)
        closer = _CLOSER_OF.get(rest[0], "") if self._is_closing_useful() else ""
        self._insert(rest[0], closer)
        return 1

    def _press_enter(self, rest: str) -> int:
        """Enter indents; before a closer of its own the editor opens a line for it."""
        indent = len(rest) - len(rest[1:].lstrip(" ")) - 1
        line = "\n" + " " * indent
        closing = self._closing_line()
        if closing and rest.startswith(closing):
            return self._type_over(len(closing))
        opens_block = self.text[self.cursor - 1 : self.cursor + 1] in {"{}", "[]", "()"}
        if self._num_own_closers and opens_block:
            outer = self.text[self.text.rfind("\n", 0, self.cursor) + 1 :]
            self._insert(line, "\n" + " " * (len(outer) - len(outer.lstrip(" "))))
            self._num_own_closers -= 1
        else:
            self._insert(line, "")
        return len(line)

    def _closing_line(self) -> str:
        """Return the line break, indentation and closer after the cursor, if that is next."""
        after = self.text[self.cursor :]
        stripped = after.lstrip("\n ")
        if self._num_own_closers and after[:1] == "\n" and stripped[:1] in ")]}":
            return after[: len(after) - len(stripped) + 1]
        return ""

    def _is_closing_useful(self) -> bool:
        """Editors close brackets before blanks and closers, not before words."""
        following = self.text[self.cursor : self.cursor + 1]
        return not following or following.isspace() or following in ")]}\"'"

    def _type_over(self, num_chars: int) -> int:
        self.cursor += num_chars
        self._num_own_closers -= 1
        return num_chars

    def _insert(self, before: str, after: str) -> None:
        self.text = self.text[: self.cursor] + before + after + self.text[self.cursor :]
        self.cursor += len(before)
        self._num_own_closers += bool(after)
