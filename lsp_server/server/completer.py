"""The engine and the pipeline of this server, made when the first request needs them.

`initialize` must be answered at once, so neither the pipeline nor what it imports is loaded
before; `warm_up` does that in the background right afterwards.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.engine.api import Engine, LoadingEvent
from lsp_server.server.tasks import Closings
from lsp_server.settings.schema import Settings

if TYPE_CHECKING:
    from lsp_server.completion.counts import OutcomeCounts
    from lsp_server.completion.pipeline import CompletionPipeline
    from lsp_server.completion.query import CompletionQuery

_PIPELINE_MODULE = "lsp_server.completion.pipeline"


class Completer:
    """Owns the engine that the settings choose, and one pipeline for as long as they last."""

    def __init__(
        self, make_engine: Callable[[Settings], Engine], on_loading: Callable[[LoadingEvent], None]
    ) -> None:
        """Prepare.

        Args:
            make_engine: Called when an engine is first needed, and again when the settings
                choose another one.
            on_loading: Called while a model is being loaded.
        """
        self._make_engine = make_engine
        self._on_loading = on_loading
        self._settings = Settings()
        self._engine: Engine | None = None
        self._pipeline: CompletionPipeline | None = None
        self._counts: OutcomeCounts | None = None
        self._closings = Closings()
        self._is_closed = False

    @property
    def counts(self) -> OutcomeCounts | None:
        """What became of the questions so far, or `None` if there were none."""
        return self._counts

    async def warm_up(self) -> None:
        """Import the pipeline in a thread, so that the first request need not."""
        await asyncio.to_thread(importlib.import_module, _PIPELINE_MODULE)

    async def pipeline(self) -> CompletionPipeline:
        """Return the pipeline for the settings that count now.

        Raises:
            CancelledError: The server is shutting down.
        """
        if self._pipeline is None:
            await self.warm_up()
        if self._is_closed:
            raise asyncio.CancelledError("the server is shutting down")
        if self._pipeline is None:
            self._pipeline = self._make_pipeline()
        return self._pipeline

    def rest(self, place: CompletionQuery, is_current: Callable[[], bool]) -> None:
        """Take note that the cursor came to a place; see `CompletionPipeline.rest`."""
        if self._pipeline is not None:
            self._pipeline.rest(place, is_current)

    def forget(self, uri: str) -> None:
        """Drop what is kept for a document."""
        if self._pipeline is not None:
            self._pipeline.forget(uri)

    def saved(self, path: Path) -> None:
        """Take note that a file changed on disk."""
        if self._pipeline is not None:
            self._pipeline.saved(path)

    async def use(self, settings: Settings) -> None:
        """Answer later questions with other settings; running ones end without an answer."""
        engine: Engine | None = None
        if settings.remote != self._settings.remote:
            engine, self._engine = self._engine, None
        self._settings = settings
        pipeline, self._pipeline = self._pipeline, None
        await self._closings.close(_close(pipeline, engine))

    async def aclose(self) -> None:
        """End all requests and let go of the engine; may be called twice."""
        self._is_closed = True
        pipeline, self._pipeline = self._pipeline, None
        engine, self._engine = self._engine, None
        await self._closings.close(_close(pipeline, engine))
        await self._closings.wait()

    def engine(self) -> Engine:
        """Return the engine; made when it is first needed."""
        if self._engine is None:
            self._engine = self._make_engine(self._settings)
        return self._engine

    def _make_pipeline(self) -> CompletionPipeline:
        from lsp_server.completion.pipeline import CompletionPipeline

        pipeline = CompletionPipeline(
            self.engine(), self._settings, self._on_loading, counts=self._counts
        )
        self._counts = pipeline.counts
        return pipeline


async def _close(pipeline: CompletionPipeline | None, engine: Engine | None) -> None:
    if pipeline is not None:
        await pipeline.aclose()
    if engine is not None:
        await engine.aclose()
