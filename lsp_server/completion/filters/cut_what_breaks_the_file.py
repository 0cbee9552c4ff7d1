"""Nothing is shown that breaks a file that parsed."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.completion.closers import leading_closers, num_closers_used
from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate
from lsp_server.context.syntax_unit import breaks_parse
from lsp_server.engine.api import EndReason


def cut_what_breaks_the_file(candidate: Candidate, cursor: Cursor) -> Candidate | None:
    """Cut whole lines from the end until the file parses; drop a single line that breaks it.

    A model that ran out of tokens in the middle of a line leaves the lines before it good.
    """
    if cursor.syntax is None or cursor.syntax.has_error:
        return candidate
    while candidate.text.strip():
        num_replaced = candidate.num_replaced_chars
        if not breaks_parse(cursor.syntax, cursor.offset, candidate.text, num_replaced):
            return candidate
        candidate = _without_last_line(candidate, cursor)
    return None


def _without_last_line(candidate: Candidate, cursor: Cursor) -> Candidate:
    text = candidate.text.rpartition("\n")[0].rstrip()
    closers = leading_closers(cursor.line_suffix)
    num_used = num_closers_used(text, cursor.line_prefix, closers)
    return replace(candidate, text=text, finish_reason=EndReason.STOP, num_replaced_chars=num_used)
