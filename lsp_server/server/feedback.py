"""What the person did with suggestions, as far as the editor tells: taken, dismissed.

A suggestion is known by an id and nothing else; no text is kept.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Mapping

#: Suggestions that can still be taken or dismissed.
MAX_OPEN = 256


class Feedback:
    """Counts each suggestion at most once."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: OrderedDict[str, None] = OrderedDict()
        self._num_accepted = 0
        self._num_dismissed = 0

    def offer(self) -> str:
        """Return the id of a suggestion that is about to be shown."""
        suggestion_id = f"s{next(self._numbers)}"
        self._open[suggestion_id] = None
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return suggestion_id

    def accept(self, suggestion_id: str) -> bool:
        """Count a suggestion as taken; return whether it was an open one."""
        is_open = self._close(suggestion_id)
        self._num_accepted += is_open
        return is_open

    def dismiss(self, suggestion_id: str) -> bool:
        """Count a suggestion as dismissed; return whether it was an open one."""
        is_open = self._close(suggestion_id)
        self._num_dismissed += is_open
        return is_open

    @property
    def counts(self) -> Mapping[str, int]:
        """How many suggestions were taken and dismissed."""
        return {"accepted": self._num_accepted, "dismissed": self._num_dismissed}

    def _close(self, suggestion_id: str) -> bool:
        if suggestion_id not in self._open:
            return False
        del self._open[suggestion_id]
        return True
