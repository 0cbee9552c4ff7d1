"""The anchored layout: what a keystroke changes stands at the very end of the prompt.  Pure.

    document   ┆ prefix │ tail and forced prefix ‸ closers │ suffix ┆
               ┆        └ anchor                 └ cursor           ┆
               └ window start                            window end ┘

    prompt       prefix, suffix, middle marker, tail; then the answer, forced to begin with
                 the forced prefix

The anchor is the start of a line, at the time it was placed.  As long as only text between
anchor and cursor changes, prefix and suffix stay the same, and each key adds its tokens at the
end: everything before stays in the KV cache.  Closers that the editor put in after the cursor
are left out, so that a typed bracket changes nothing.  Source: EFIM, arXiv 2505.21889.

Offsets are code points.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from lsp_server.prompt.closers import closers_at_line_end, closers_before
from lsp_server.prompt.healing import Pieces, heal
from lsp_server.prompt.window import AnchorWindow, window_end, window_start

__all__ = ["AnchorWindow", "AnchoredDocument", "ReanchorReason", "anchor"]

#: The longest tail, about 200 tokens; beyond it the model sees too little as prefix.
MAX_TAIL_CHARS = 600
MAX_TAIL_LINES = 12
#: How far below its old place an unchanged prefix is looked for.
_MAX_SHIFT_CHARS = 20_000
#: A shorter prefix is too easily found by chance.
_MIN_SHIFTED_PREFIX_CHARS = 200


class ReanchorReason(enum.Enum):
    """Why an anchor was placed anew."""

    FIRST = "the document had no anchor"
    WINDOW = "the window has another size"
    MOVED_BEFORE = "the cursor went before the anchor"
    PREFIX_CHANGED = "text before the anchor changed"
    TAIL_TOO_LONG = "the cursor is too far behind the anchor"
    SUFFIX_CHANGED = "text after the cursor changed"


@dataclass(frozen=True, slots=True)
class AnchoredDocument:
    """A document around its cursor, cut so that typing changes only the end of the prompt.

    `prefix + tail + forced_prefix + closers + suffix` is the document from `window_start` on.

    Attributes:
        window: How much may be shown.
        window_start: Where the prefix begins.
        prefix: Text from there to the anchor.
        tail: Text from the anchor to the cursor, without `forced_prefix`.
        forced_prefix: The end of what is typed, which the answer has to begin with.
        closers: Brackets and quotes after the cursor that the model is not shown; an answer may
            repeat them.
        suffix: Text after them.
        num_chars_below: Length of the document behind the suffix.
        reanchored: Why the anchor was placed anew, or `None`: prefix and suffix are the same
            as before.
    """

    window: AnchorWindow
    window_start: int
    prefix: str
    tail: str
    forced_prefix: str
    closers: str
    suffix: str
    num_chars_below: int
    reanchored: ReanchorReason | None

    @property
    def anchor(self) -> int:
        """Offset of the anchor in the document."""
        return self.window_start + len(self.prefix)

    @property
    def cursor(self) -> int:
        """Offset of the cursor in the document."""
        return self.anchor + len(self.tail) + len(self.forced_prefix)

    @property
    def max_tail_chars(self) -> int:
        """The longest tail; a small window has room for a short one only."""
        return min(MAX_TAIL_CHARS, self.window.prefix_chars)


def anchor(
    text: str,
    cursor: int,
    window: AnchorWindow,
    previous: AnchoredDocument | None = None,
    pieces: Pieces = Pieces.BLANK_AND_LETTERS,
) -> AnchoredDocument:
    """Cut a document at its cursor, with the anchor of the last time if that still fits.

    Args:
        text: The whole document.
        cursor: Offset of the cursor.
        window: How much of it may be shown.
        previous: What this function returned for the same document last time.
        pieces: How the model's tokenizer cuts words, see `healing.pieces_of`.
    """
    assert 0 <= cursor <= len(text), f"the cursor {cursor} is outside the {len(text)} characters"
    if previous is None:
        return _place(text, cursor, window, None, ReanchorReason.FIRST, pieces)
    if window != previous.window:
        return _place(text, cursor, window, previous, ReanchorReason.WINDOW, pieces)
    advanced = _advance(text, cursor, previous, pieces)
    if isinstance(advanced, ReanchorReason):
        return _place(text, cursor, window, previous, advanced, pieces)
    return advanced


def _advance(
    text: str, cursor: int, previous: AnchoredDocument, pieces: Pieces
) -> AnchoredDocument | ReanchorReason:
    """Return the document with its old anchor, or why that does not fit any more."""
    start = _prefix_start(text, cursor, previous)
    if start is None:
        return ReanchorReason.PREFIX_CHANGED
    place = start + len(previous.prefix)
    if cursor < place:
        return ReanchorReason.MOVED_BEFORE
    is_long = cursor - place > previous.max_tail_chars
    if is_long or text.count("\n", place, cursor) > MAX_TAIL_LINES:
        return ReanchorReason.TAIL_TOO_LONG
    reaches_end = previous.num_chars_below == 0
    closers = closers_before(previous.suffix, text, cursor, reaches_end=reaches_end)
    if closers is None:
        return ReanchorReason.SUFFIX_CHANGED
    typed = heal(text[place:cursor], pieces)
    return AnchoredDocument(
        window=previous.window,
        window_start=start,
        prefix=previous.prefix,
        tail=typed.kept,
        forced_prefix=typed.forced,
        closers=closers,
        suffix=previous.suffix,
        num_chars_below=len(text) - cursor - len(closers) - len(previous.suffix),
        reanchored=None,
    )


def _prefix_start(text: str, cursor: int, previous: AnchoredDocument) -> int | None:
    """Return where the old prefix stands now, or `None` if it has changed.

    An import that an editor adds at the top of a long file moves everything; the model sees no
    difference.  Where the prefix begins with the file, it has to see the import.
    """
    prefix, start = previous.prefix, previous.window_start
    if text.startswith(prefix, start):
        return start
    if start == 0 or len(prefix) < _MIN_SHIFTED_PREFIX_CHARS:
        return None
    found = text.find(
        prefix,
        max(0, start - _MAX_SHIFT_CHARS),
        min(cursor, start + len(prefix) + _MAX_SHIFT_CHARS),
    )
    return None if found < 0 else found


def _place(
    text: str,
    cursor: int,
    window: AnchorWindow,
    previous: AnchoredDocument | None,
    reason: ReanchorReason,
    pieces: Pieces,
) -> AnchoredDocument:
    place = _anchor_place(text, cursor, min(MAX_TAIL_CHARS, window.prefix_chars))
    closers = closers_at_line_end(text, cursor)
    suffix_start = cursor + len(closers)
    old_start = previous.window_start if previous else None
    # Counted from the end of the document, text that was typed meanwhile moves nothing.
    old_end = len(text) - previous.num_chars_below if previous else None
    start = window_start(text, place, window.prefix_chars, old_start)
    end = window_end(text, suffix_start, window.suffix_chars, old_end)
    typed = heal(text[place:cursor], pieces)
    return AnchoredDocument(
        window=window,
        window_start=start,
        prefix=text[start:place],
        tail=typed.kept,
        forced_prefix=typed.forced,
        closers=closers,
        suffix=text[suffix_start:end],
        num_chars_below=len(text) - end,
        reanchored=reason,
    )


def _anchor_place(text: str, cursor: int, max_tail_chars: int) -> int:
    """Return the start of the cursor's line, or a place in it if the line is very long."""
    line_start = text.rfind("\n", 0, cursor) + 1
    if cursor - line_start <= max_tail_chars:
        return line_start
    latest = cursor - max_tail_chars // 2
    # A blank goes with the word after it.
    blank = text.rfind(" ", latest - max_tail_chars // 4, latest)
    return latest if blank < 0 else blank
