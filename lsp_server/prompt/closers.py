"""Closing brackets and quotes after the cursor, which the model is not shown.  Pure.

An editor puts them in when their openers are typed.  If they were part of the suffix, every
bracket would change the prompt in its middle, and so would typing over them.
"""

from __future__ import annotations

#: The longest text that is taken for closers.
MAX_CLOSERS_CHARS = 80
_CLOSERS = frozenset(")]}\"'`")
#: What may stand between and after closers; lines too, as Enter between braces makes them.
_ALLOWED = _CLOSERS | frozenset(";,: \t\r\n")


def closers_at_line_end(text: str, cursor: int) -> str:
    """Return the rest of the cursor's line if that is nothing but closers, else nothing.

    Blanks at the end of the line are left to the suffix.
    """
    rest, line_break, _ = text[cursor : cursor + MAX_CLOSERS_CHARS + 1].partition("\n")
    if not line_break and len(rest) > MAX_CLOSERS_CHARS:
        return ""
    rest = rest.rstrip()
    return rest if _are_closers(rest) else ""


def closers_before(suffix: str, text: str, cursor: int, *, reaches_end: bool) -> str | None:
    """Return the closers, perhaps none, between the cursor and an unchanged suffix.

    Args:
        suffix: What stood after the cursor.
        text: The document as it is now.
        cursor: Offset of the cursor in it.
        reaches_end: Whether the suffix went to the end of the document.

    Returns:
        The text between, or `None` if the suffix has changed or other text stands before it.
    """
    if reaches_end:
        length = len(text) - len(suffix) - cursor
        lengths = range(length, length + 1) if 0 <= length <= MAX_CLOSERS_CHARS else range(0)
    else:
        lengths = range(MAX_CLOSERS_CHARS + 1)
    for length in lengths:
        between = text[cursor : cursor + length]
        if between and not _ALLOWED.issuperset(between):
            return None
        if text.startswith(suffix, cursor + length) and (not between or _are_closers(between)):
            return between
    return None


def _are_closers(text: str) -> bool:
    return not _CLOSERS.isdisjoint(text) and _ALLOWED.issuperset(text)
