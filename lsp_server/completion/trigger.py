"""Where the model is not bothered although the editor asked: hard rules, cheap and pure.

They apply to questions that typing asked.  A person who asks gets an answer everywhere.
"""

from __future__ import annotations

from lsp_server.completion.closers import leading_closers
from lsp_server.completion.cursor import Cursor
from lsp_server.completion.query import OutcomeReason

#: A document with less text than this says nothing about what comes next.
MIN_TEXT_CHARS = 5


def reason_not_to_ask(cursor: Cursor) -> OutcomeReason | None:
    """Return why typing at this place gets no suggestion, or `None` if it may get one."""
    if len(cursor.text.strip()) < MIN_TEXT_CHARS:
        return OutcomeReason.TOO_LITTLE_TEXT
    rest = cursor.line_suffix
    if rest[len(leading_closers(rest)) :].strip():
        return OutcomeReason.TEXT_RIGHT_OF_CURSOR
    return None
