"""The stop rules once more, now that the last line is known to be complete."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate
from lsp_server.completion.stops.rules import first_stop
from lsp_server.engine.api import EndReason


def cut_where_a_rule_stops(candidate: Candidate, cursor: Cursor) -> Candidate:
    """Cut at the suffix overlap, at the end of the block, and where the text turns in circles."""
    stop = first_stop(candidate.text + "\n", cursor)
    if stop is None or stop.num_kept_chars >= len(candidate.text):
        return candidate
    return replace(
        candidate, text=candidate.text[: stop.num_kept_chars], finish_reason=EndReason.STOP
    )
