"""A suggestion without a visible character is none."""

from __future__ import annotations

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate


def drop_blank(candidate: Candidate, cursor: Cursor) -> Candidate | None:
    """Drop it."""
    del cursor
    return candidate if candidate.text.strip() else None
