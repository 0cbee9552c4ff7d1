"""All stop rules, in one list.

A rule reads what one alternative says so far and returns how much of it to keep once it
applies, or `None` while it does not.  A rule looks at complete lines where a line that goes
on could still turn out differently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.stops.at_outdent import stop_at_outdent
from lsp_server.completion.stops.at_repetition import stop_at_repetition
from lsp_server.completion.stops.at_suffix_line import stop_at_suffix_line

StopRule = Callable[[str, Cursor], int | None]

STOP_RULES: tuple[StopRule, ...] = (stop_at_suffix_line, stop_at_outdent, stop_at_repetition)


@dataclass(frozen=True, slots=True)
class Stop:
    """That a rule applies.

    Attributes:
        rule: Its name, for logs and counts.
        num_kept_chars: How much of the text remains.
    """

    rule: str
    num_kept_chars: int


def first_stop(text: str, cursor: Cursor) -> Stop | None:
    """Return the stop that keeps least of `text`, or `None` if no rule applies."""
    stops = [
        Stop(rule.__name__, kept) for rule in STOP_RULES if (kept := rule(text, cursor)) is not None
    ]
    return min(stops, key=lambda stop: stop.num_kept_chars, default=None)
