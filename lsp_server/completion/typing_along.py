"""Whether text that was typed since a question still fits the answer to it.

This is what makes typing along a suggestion free, and what lets a running request live on
while the person types what it is about to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lsp_server.completion.closers import leading_closers
from lsp_server.completion.cursor import Cursor
from lsp_server.engine.api import EndReason

#: How much text on each side of the cursor has to be the same; with the offset, this tells
#: two places of a document apart without keeping the document.
_NEIGHBOURHOOD_CHARS = 1_000
#: Whoever has typed more than this since the question has a new one.
_MAX_TYPED_CHARS = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor in a document, small enough to be kept.

    Attributes:
        uri: The document.
        offset: The cursor's, in code points.
        before: The end of the text before it.
        after: The beginning of the text after it, without the closers at the cursor: the
            editor adds and removes those while a person types.
    """

    uri: str
    offset: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Written:
    r"""What the model wrote as one alternative.

    Attributes:
        text: With `\n` line endings, unfiltered.
        finish_reason: Why it ended.
    """

    text: str
    finish_reason: EndReason


def place_of(cursor: Cursor) -> Place:
    """Return the place of a cursor."""
    return Place(
        uri=cursor.uri,
        offset=cursor.offset,
        before=cursor.before[-_NEIGHBOURHOOD_CHARS:],
        after=_after_closers(cursor),
    )


def typed_since(place: Place, cursor: Cursor) -> str | None:
    """Return what was typed at `place` to arrive at `cursor`; empty if nothing was.

    Returns:
        `None` if the document was changed in another way.
    """
    if cursor.uri != place.uri or not 0 <= cursor.offset - place.offset <= _MAX_TYPED_CHARS:
        return None
    before = cursor.before[max(0, place.offset - _NEIGHBOURHOOD_CHARS) : place.offset]
    if before != place.before or _after_closers(cursor) != place.after:
        return None
    return cursor.before[place.offset :]


def rest_after(typed: str, written: Iterable[Written]) -> tuple[Written, ...]:
    """Return what remains of those alternatives that begin with what was typed."""
    return tuple(
        replace(one, text=one.text[len(typed) :])
        for one in written
        if one.text.startswith(typed) and (one.text[len(typed) :].strip() or not typed)
    )


def _after_closers(cursor: Cursor) -> str:
    start = len(leading_closers(cursor.line_suffix))
    return cursor.after[start : start + _NEIGHBOURHOOD_CHARS]
