"""Documents with a visible cursor mark."""

from __future__ import annotations

from dataclasses import dataclass

CURSOR = "‸"


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text and where the mark stood in it."""

    text: str
    cursor: int


def unmark(marked: str) -> MarkedText:
    """Take the one cursor mark out of a text."""
    head, mark, tail = marked.partition(CURSOR)
    assert mark, "the text has no cursor mark"
    assert CURSOR not in tail, "the text has two cursor marks"
    return MarkedText(head + tail, len(head))
