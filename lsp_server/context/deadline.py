"""How long gathering may take."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A moment after which no further work is begun.

    Attributes:
        was_met: Whether all work was done before it, as far as anybody asked.
    """

    def __init__(self, ms: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start now.

        Args:
            ms: Milliseconds from now.
            clock: Returns seconds.
        """
        self._clock = clock
        self._end_s = clock() + ms / 1000.0
        self.was_met = True

    def has_passed(self) -> bool:
        """Whether the moment is over; whoever is told so leaves work undone."""
        if self._clock() >= self._end_s:
            self.was_met = False
        return not self.was_met
