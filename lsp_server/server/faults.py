"""Tell the person about a fault once, and again only after things have worked in between."""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.engine.api import ErrorKind, ErrorReport


class FaultReporter:
    """Remembers which kinds of fault have been shown."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._shown: set[ErrorKind] = set()

    def report(self, error: ErrorReport) -> None:
        """Show an error, unless one of its kind was shown since things last worked."""
        if error.kind not in self._shown:
            self._shown.add(error.kind)
            self._show(f"Bantam: {error.message}")

    def reset(self) -> None:
        """Take note that things work."""
        self._shown.clear()
