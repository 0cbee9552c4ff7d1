"""A person at work, key by key: typing, Enter, a look further up, another file and back."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.engine_bench.sources import Source
from tests.support.typing_editor import Keystroke, TypingEditor

#: How far above the cursor the excursion goes.
_LINES_UP = 30
#: What is typed there, behind a line's end and its indentation.
_EXCURSION = "checked = True"


class KeyKind(enum.Enum):
    """What a key is, for the table."""

    COLD = "first key in a file"
    TYPED = "typed character"
    ENTER = "Enter with indentation"
    JUMP = "first key 30 lines above"
    RETURN = "first key after the return"
    BACK = "first key back from another file"


@dataclass(frozen=True, slots=True)
class Key:
    """One key and the document after it.

    Attributes:
        document: Names the document.
        text: Its text.
        cursor: Offset of the cursor.
        kind: What the key is.
        has_pause_before: Whether the person stopped for a moment: behind a line, and on the way
            to another place.
    """

    document: str
    text: str
    cursor: int
    kind: KeyKind
    has_pause_before: bool


def typing_session(main: Source, other: Source) -> Iterator[Key]:
    """Yield the keys of one session in two files."""
    typing, visited = _Document(main), _Document(other)
    half = len(typing.parts) // 2
    yield from typing.type(typing.parts[:half], KeyKind.COLD)
    yield from typing.excursion()
    rest = typing.parts[half:]
    quarter = len(rest) // 2
    yield from typing.type(rest[:quarter], KeyKind.RETURN)
    yield from visited.type(visited.parts, KeyKind.COLD)
    yield from typing.type(rest[quarter:], KeyKind.BACK)


class _Document:
    """A file without the lines that will be typed."""

    def __init__(self, source: Source) -> None:
        text = source.read()
        lines = text.splitlines(keepends=True)
        start = sum(map(len, lines[: source.first_line]))
        hidden = "".join(lines[source.first_line :][: source.num_lines]).rstrip("\n")
        # The editor has indented the line that the person begins on.
        start += len(hidden) - len(hidden.lstrip(" "))
        hidden = hidden.lstrip(" ")
        assert hidden, f"{source} names lines of the file"
        self._name = source.name
        self._editor = TypingEditor(text[:start] + text[start + len(hidden) :], start)
        #: A line each, with the line ending before it.
        first, *others = hidden.split("\n")
        self.parts = [first, *(f"\n{line}" for line in others)]

    def type(self, parts: list[str], first_kind: KeyKind) -> Iterator[Key]:
        """Yield the keys of some lines, the first of them after a pause."""
        kind: KeyKind | None = first_kind
        for keystroke in self._editor.type("".join(parts)):
            yield self._key(keystroke, kind)
            kind = None

    def excursion(self) -> Iterator[Key]:
        """Yield the keys that add a line further up, and return."""
        editor, place = self._editor, self._editor.cursor
        line_start = editor.text.rfind("\n", 0, place) + 1
        for _ in range(_LINES_UP):
            line_start = editor.text.rfind("\n", 0, max(0, line_start - 1)) + 1
        line_end = editor.text.find("\n", line_start)
        line = editor.text[line_start:line_end]
        indent = " " * (len(line) - len(line.lstrip(" ")))
        above = TypingEditor(editor.text, line_end)
        kind: KeyKind | None = KeyKind.JUMP
        for keystroke in above.type(f"\n{indent}{_EXCURSION}"):
            yield self._key(keystroke, kind)
            kind = None
        editor.cursor += len(above.text) - len(editor.text)
        editor.text = above.text

    def _key(self, keystroke: Keystroke, kind: KeyKind | None) -> Key:
        is_enter = keystroke.key.startswith("\n")
        return Key(
            document=self._name,
            text=keystroke.text,
            cursor=keystroke.cursor,
            kind=kind or (KeyKind.ENTER if is_enter else KeyKind.TYPED),
            has_pause_before=kind is not None or is_enter,
        )
