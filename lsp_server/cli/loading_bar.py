"""A progress bar on standard error while a model is being loaded; nothing in a pipe."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from lsp_server.completion.loading import loading_words
from lsp_server.engine.api import LoadingEvent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class LoadingBar:
    """Shown from the first loading event on, and gone afterwards."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        exc_traceback: TracebackType | None,
    ) -> None:
        self.close()

    def show(self, event: LoadingEvent) -> None:
        """Show how far the model is loaded."""
        if self._progress is None:
            self._open()
        if self._progress is not None and self._task is not None:
            words = loading_words(event)
            self._progress.update(self._task, completed=event.fraction, description=words)

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _open(self) -> None:
        import sys

        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = [TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()]
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=1.0)
        self._progress.start()
