"""Several lines are shown only as far as they belong together."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate
from lsp_server.context.syntax_unit import cut_at_syntactic_unit
from lsp_server.engine.api import EndReason


def cut_at_end_of_unit(candidate: Candidate, cursor: Cursor) -> Candidate:
    """Cut behind the statement or block that begins on the cursor's line, by the grammar."""
    if cursor.syntax is None:
        return candidate
    text = cut_at_syntactic_unit(cursor.syntax, cursor.offset, candidate.text)
    if text == candidate.text:
        return candidate
    return replace(candidate, text=text, finish_reason=EndReason.STOP)
