"""Pass on how far a model is loaded, and always when that is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lsp_server.engine.api import LoadingEvent


class LoadingReporter:
    """Calls `on_loading` while a model is being loaded.

    The last call of each loading has the fraction 1, however the loading ended, so that a
    progress bar can be taken away.
    """

    def __init__(self, on_loading: Callable[[LoadingEvent], None] | None) -> None:
        self._on_loading = on_loading

    @contextmanager
    def watching(self) -> Iterator[Callable[[LoadingEvent], None]]:
        """Give a function that takes the loading events of one request."""
        latest: LoadingEvent | None = None

        def take(event: LoadingEvent) -> None:
            nonlocal latest
            if latest is None or _is_news(event, latest):
                latest = event
                self._report(event)

        try:
            yield take
        finally:
            if latest is not None and latest.fraction < 1.0:
                self._report(LoadingEvent(model=latest.model, fraction=1.0))

    def _report(self, event: LoadingEvent) -> None:
        if self._on_loading is not None:
            self._on_loading(event)


def _is_news(event: LoadingEvent, latest: LoadingEvent) -> bool:
    return event.fraction > latest.fraction or event.waits_for != latest.waits_for


def loading_words(event: LoadingEvent) -> str:
    """Return what is going on, for a person: `loading NAME`, or why that has to wait."""
    name = Path(event.model).name
    if not event.waits_for:
        return f"loading {name}"
    others = " and ".join(Path(other).name for other in event.waits_for)
    uses, gives = ("is", "it gives") if len(event.waits_for) == 1 else ("are", "they give")
    return (
        f"{name} waits: {others} {uses} in use, and memory is not enough for all; {gives} way "
        "after a pause, or after a turn"
    )
