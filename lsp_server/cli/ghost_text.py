"""A suggestion as ghost text in its file: dim on a terminal, between marks in plain text."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from lsp_server.cli.document import Document

#: Around the suggestion where there is no colour.
GHOST_START = "«"
GHOST_END = "»"

_GHOST_STYLE = "italic dim"
_GUTTER_STYLE = "dim"
_NUM_LINES_BEFORE = 12
_NUM_LINES_AFTER = 4


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a document with a suggestion in it.

    Attributes:
        before: Whole lines before the suggestion, and the beginning of its line.
        ghost: The suggestion.
        after: The end of the line, and whole lines after it.
        first_line: Number of the first line, from 1.
    """

    before: str
    ghost: str
    after: str
    first_line: int


def region_around(document: Document, text: str, start: int, end: int) -> Region:
    """Return the lines around a suggestion that replaces [start, end) of the document."""
    spans = document.lines.line_spans()
    first = max(document.lines.position_of(start).line - 1 - _NUM_LINES_BEFORE, 0)
    last = min(document.lines.position_of(end).line - 1 + _NUM_LINES_AFTER, len(spans) - 1)
    return Region(
        before=_as_shown(document.text[spans[first][0] : start]),
        ghost=_as_shown(text),
        after=_as_shown(document.text[end : spans[last][1]]),
        first_line=first + 1,
    )


def render(region: Region, language: str, *, is_plain: bool) -> Text:
    """Return the region with line numbers; lines of ghost text have none."""
    if is_plain:
        code = Text(region.before + GHOST_START + region.ghost + GHOST_END + region.after)
    else:
        code = _highlighted(region, language)
    code.rstrip()
    lines = code.split("\n", allow_blank=True)
    ghost_lines = _ghost_line_numbers(region)
    width = len(str(region.first_line + len(lines)))
    rendered = Text()
    number = region.first_line
    for index, line in enumerate(lines):
        is_ghost = index in ghost_lines
        gutter = f"{'' if is_ghost else number:>{width}} │ "
        rendered.append(gutter if line else gutter.rstrip(), style=_GUTTER_STYLE)
        rendered.append_text(line).append("\n")
        number += 0 if is_ghost else 1
    return rendered


def _as_shown(text: str) -> str:
    """Return a text as a terminal can show it: one kind of line ending, no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return "".join(
        char if char == "\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def is_plain(console: Console) -> bool:
    """Whether a console shows no colour: a pipe, a dumb terminal, or `NO_COLOR`."""
    return console.color_system is None or console.no_color


def _highlighted(region: Region, language: str) -> Text:
    # Highlighted without the suggestion, which may not even parse, then taken apart again.
    source = region.before + region.after
    highlighted = Syntax("", language, theme="ansi_dark").highlight(source)
    before, after, _ = highlighted.divide([len(region.before), len(source)])
    return Text().append_text(before).append(region.ghost, style=_GHOST_STYLE).append_text(after)


def _ghost_line_numbers(region: Region) -> range:
    """Return the indices of lines that begin inside the suggestion."""
    first = region.before.count("\n") + 1
    return range(first, first + region.ghost.count("\n"))
