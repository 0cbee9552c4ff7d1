"""A suggestion that says what follows the cursor anyway is noise."""

from __future__ import annotations

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate


def drop_what_follows(candidate: Candidate, cursor: Cursor) -> Candidate | None:
    """Drop it if its lines are the rest of the line, or the next lines of the document."""
    said = candidate.text.strip()
    following = cursor.after.lstrip()
    is_following = following.startswith(said) and following[len(said) :][:1] in ("", "\n")
    return None if is_following or said == cursor.line_suffix.strip() else candidate
