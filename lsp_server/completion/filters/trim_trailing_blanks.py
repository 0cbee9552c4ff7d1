"""Blanks and empty lines at the end of a suggestion show nothing and have to be deleted."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate


def trim_trailing_blanks(candidate: Candidate, cursor: Cursor) -> Candidate:
    """Remove them; between the suggestion and text right of the cursor, blanks remain."""
    text = candidate.text.rstrip()
    is_text_right = bool(cursor.line_suffix[candidate.num_replaced_chars :].strip())
    if is_text_right and "\n" not in candidate.text[len(text) :]:
        return candidate
    return replace(candidate, text=text)
