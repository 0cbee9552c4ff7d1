"""From what the model wrote to what is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate
from lsp_server.completion.filters.rules import filter_candidates
from lsp_server.completion.query import Suggestion
from lsp_server.completion.typing_along import Written


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be shown.

    Attributes:
        suggestions: For the document as it came, with its own line ending.
        dropped_by: The names of the filters that dropped something.
    """

    suggestions: tuple[Suggestion, ...]
    dropped_by: tuple[str, ...]


def make_offer(written: Iterable[Written], cursor: Cursor) -> Offer:
    """Filter what was written for this cursor and fit it to the document."""
    candidates = [Candidate(one.text, one.finish_reason) for one in written]
    filtered = filter_candidates(candidates, cursor)
    return Offer(
        tuple(_suggestion(candidate, cursor) for candidate in filtered.candidates),
        filtered.dropped_by,
    )


def _suggestion(candidate: Candidate, cursor: Cursor) -> Suggestion:
    return Suggestion(
        text=candidate.text.replace("\n", cursor.line_ending),
        start=cursor.document_offset,
        end=cursor.document_offset + candidate.num_replaced_chars,
        finish_reason=candidate.finish_reason,
    )
