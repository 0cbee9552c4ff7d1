"""The running requests: at most one per document, and the newest question wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.generation import Answer, Draft, Generation


class RunningGenerations:
    """Starts requests, hands out those that still fit, and ends those that do not."""

    def __init__(self) -> None:
        self._by_document: dict[str, Generation] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def fitting(self, cursor: Cursor, num_alternatives: int) -> Generation | None:
        """Return the request that runs for this document, if its answer may do for `cursor`.

        A request whose answer cannot do is ended: the person has gone elsewhere.
        """
        running = self._by_document.get(cursor.uri)
        if running is None or not running.is_running:
            return None
        if running.fits(cursor) and running.num_alternatives >= num_alternatives:
            return running
        self.end(cursor.uri)
        return None

    def has(self, uri: str) -> bool:
        """Return whether a request runs for a document."""
        return uri in self._by_document

    def start(
        self, cursor: Cursor, num_alternatives: int, write: Callable[[Draft], Awaitable[Answer]]
    ) -> Generation:
        """Start a request, and end the one that runs for this document."""
        self.end(cursor.uri)
        generation = Generation(cursor, num_alternatives, write)
        self._by_document[cursor.uri] = generation
        generation.call_when_done(lambda: self._drop(cursor.uri, generation))
        return generation

    def end(self, uri: str) -> None:
        """End the request that runs for a document, if there is one."""
        generation = self._by_document.pop(uri, None)
        if generation is not None:
            generation.supersede()
            ending = asyncio.create_task(generation.aclose())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def aclose(self) -> None:
        """End all requests and wait until their streams are closed."""
        for uri in list(self._by_document):
            self.end(uri)
        await asyncio.gather(*self._ending)

    def _drop(self, uri: str, generation: Generation) -> None:
        if self._by_document.get(uri) is generation:
            del self._by_document[uri]
