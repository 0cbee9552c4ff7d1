"""Show how far the model is loaded, in the editor's own progress bar."""

from __future__ import annotations

import asyncio
import itertools
import logging

from pygls.exceptions import JsonRpcException

from lsp_server.completion.loading import loading_words
from lsp_server.engine.api import LoadingEvent
from lsp_server.server.client import EditorClient
from lsp_server.server.tasks import BackgroundTasks

LOGGER = logging.getLogger(__name__)
_TOKEN_NUMBERS = itertools.count(1)


class LoadingProgress:
    """Opens a progress bar with the first event of a loading and closes it with the last."""

    def __init__(self, client: EditorClient, tasks: BackgroundTasks) -> None:
        self._client = client
        self._tasks = tasks
        self._bar: _Bar | None = None

    def show(self, event: LoadingEvent) -> None:
        """Take an event; one with the fraction 1 is the last of its loading."""
        if not self._client.has_progress:
            return
        if self._bar is None:
            self._bar = _Bar(self._client, event)
            self._tasks.start(self._bar.run(), "the progress bar")
        self._bar.take(event)
        if event.fraction >= 1.0:
            self._bar = None


class _Bar:
    """One progress bar: the client has to agree to it before it can be moved."""

    def __init__(self, client: EditorClient, first: LoadingEvent) -> None:
        self._client = client
        self._token = f"bantam-loading-{next(_TOKEN_NUMBERS)}"
        self._latest = first
        self._has_moved = asyncio.Event()

    def take(self, event: LoadingEvent) -> None:
        self._latest = event
        self._has_moved.set()

    async def run(self) -> None:
        try:
            await self._client.open_progress(self._token, "Bantam", loading_words(self._latest))
        except JsonRpcException as error:
            LOGGER.warning("the client does not want a progress bar: %s", error)
            return
        while self._latest.fraction < 1.0:
            await self._has_moved.wait()
            self._has_moved.clear()
            percentage = int(100 * self._latest.fraction)
            self._client.report_progress(self._token, percentage, loading_words(self._latest))
        self._client.close_progress(self._token)
