"""Tell the person about a fault once, and again only after things have worked in between.

Requests run side by side, so one fault ends several, and some of them late; and what worked when
the fault was about to come says nothing about it.  So each request has a number, in the order in
which they began::

    begun       1   2   3      4   5
    ended       works       │
                    fails   │ the engine died: the person is not told yet
                        fails, late: the same fault
                               works: it is over, and was not worth a message

An engine that ended is started again by the next request.  Only if that does not help, the
person is told.
"""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.engine.api import ErrorKind, ErrorReport


class FaultReporter:
    """Remembers which kinds of fault have been shown, and what came after them."""

    def __init__(self, show: Callable[[str], None]) -> None:
        """Start without faults.

        Args:
            show: Shows a message to the person.
        """
        self._show = show
        self._shown: set[ErrorKind] = set()
        self._num_begun = 0
        #: Requests up to this number began before the latest fault was known.
        self._last_before_fault = 0
        #: The same for an engine that ended and of which the person was not told.
        self._last_before_end: int | None = None
        #: Requests before this number tell of faults that are over.
        self._works_since = 0

    def begin(self) -> int:
        """Return the number of a request that begins now."""
        self._num_begun += 1
        return self._num_begun

    def failed(self, number: int, error: ErrorReport) -> None:
        """Take note that a request has failed, and show why if that is news."""
        if number < self._works_since:
            return
        self._last_before_fault = self._num_begun
        if error.kind is ErrorKind.STOPPED and not self._has_another_ended(number):
            return
        if error.kind not in self._shown:
            self._shown.add(error.kind)
            self._show(f"Bantam: {error.message}")

    def worked(self, number: int) -> None:
        """Take note that a request has succeeded; one from before a fault does not end it."""
        if number > self._last_before_fault:
            self._shown.clear()
            self._last_before_end = None
            self._works_since = number

    def _has_another_ended(self, number: int) -> bool:
        """Whether the engine that ended is not the first one since things worked."""
        if self._last_before_end is None:
            self._last_before_end = self._num_begun
        return number > self._last_before_end
