"""All filters, in the order in which they are applied.

A filter returns the candidate, a shorter one, or `None` to drop it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.filters.candidate import Candidate
from lsp_server.completion.filters.cut_at_end_of_unit import cut_at_end_of_unit
from lsp_server.completion.filters.cut_what_breaks_the_file import cut_what_breaks_the_file
from lsp_server.completion.filters.cut_where_a_rule_stops import cut_where_a_rule_stops
from lsp_server.completion.filters.drop_blank import drop_blank
from lsp_server.completion.filters.drop_copy_of_line_above import drop_copy_of_line_above
from lsp_server.completion.filters.drop_what_follows import drop_what_follows
from lsp_server.completion.filters.trim_rest_of_line import trim_rest_of_line
from lsp_server.completion.filters.trim_trailing_blanks import trim_trailing_blanks
from lsp_server.completion.filters.unify_line_breaks import unify_line_breaks

Filter = Callable[[Candidate, Cursor], Candidate | None]

FILTERS: tuple[Filter, ...] = (
    unify_line_breaks,
    cut_where_a_rule_stops,
    cut_at_end_of_unit,
    trim_rest_of_line,
    trim_trailing_blanks,
    drop_blank,
    drop_what_follows,
    drop_copy_of_line_above,
    cut_what_breaks_the_file,
)


@dataclass(frozen=True, slots=True)
class Filtered:
    """What passed the filters.

    Attributes:
        candidates: All different, in the order they came.
        dropped_by: The names of the filters that dropped the others.
    """

    candidates: tuple[Candidate, ...]
    dropped_by: tuple[str, ...]


def filter_candidates(candidates: Iterable[Candidate], cursor: Cursor) -> Filtered:
    """Send every candidate through all filters, and drop duplicates."""
    passed: dict[tuple[str, int], Candidate] = {}
    dropped_by: list[str] = []
    for candidate in candidates:
        result, dropper = _through_all(candidate, cursor)
        if result is None:
            dropped_by.append(dropper)
        else:
            passed.setdefault((result.text, result.num_replaced_chars), result)
    return Filtered(tuple(passed.values()), tuple(dropped_by))


def _through_all(candidate: Candidate, cursor: Cursor) -> tuple[Candidate | None, str]:
    for each in FILTERS:
        result = each(candidate, cursor)
        if result is None:
            return None, each.__name__
        candidate = result
    return candidate, ""
