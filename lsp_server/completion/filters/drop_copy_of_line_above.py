"""A small model that is lost repeats the line that it has just read."""

from __future__ import annotations

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate


def drop_copy_of_line_above(candidate: Candidate, cursor: Cursor) -> Candidate | None:
    """Drop it if the cursor's line would become equal to the one above, indentation included."""
    first_line = (cursor.line_prefix + candidate.text.partition("\n")[0]).rstrip()
    is_copy = first_line == cursor.line_above.rstrip() and any(c.isalnum() for c in first_line)
    return None if is_copy else candidate
