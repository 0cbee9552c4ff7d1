r"""A model that learned from Windows files writes `\r\n` now and then."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate


def unify_line_breaks(candidate: Candidate, cursor: Cursor) -> Candidate:
    r"""Write every line ending as `\n`."""
    del cursor
    if "\r" not in candidate.text:
        return candidate
    return replace(candidate, text=candidate.text.replace("\r\n", "\n").replace("\r", "\n"))
