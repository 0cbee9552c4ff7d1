"""Fit the suggestion to what stands right of the cursor, so that nothing appears twice."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.completion.closers import leading_closers, num_closers_used
from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate


def trim_rest_of_line(candidate: Candidate, cursor: Cursor) -> Candidate:
    """Leave out an end that the line has already, or replace the closers that it repeats."""
    rest = cursor.line_suffix
    if overlap := _overlap(candidate.text, rest.rstrip()):
        return replace(candidate, text=candidate.text[:-overlap])
    closers = leading_closers(rest)
    num_used = num_closers_used(candidate.text, cursor.line_prefix, closers)
    is_one_line = "\n" not in candidate.text
    if num_used and is_one_line and candidate.text.endswith(rest[:num_used]):
        return replace(candidate, text=candidate.text[:-num_used])
    return replace(candidate, num_replaced_chars=num_used)


def _overlap(text: str, rest: str) -> int:
    """Return the length of the end of `text` that is all of `rest`, if it is one line."""
    return len(rest) if rest and "\n" not in text and text.endswith(rest) else 0
