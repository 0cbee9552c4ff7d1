"""Where the cursor of a document rests, the place is prepared before anybody types there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lsp_server.completion.query import CompletionQuery
from lsp_server.errors import BantamError

LOGGER = logging.getLogger(__name__)

#: A cursor that stays for so long is not on its way to another place.
REST_S = 0.3


class RestingCursors:
    """Prepares one place of each document at a time, and leaves the document to questions."""

    def __init__(
        self,
        prepare: Callable[[CompletionQuery], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Start without cursors.

        Args:
            prepare: Prepares a place; may raise a `BantamError`.
            sleep: Waits for seconds, as `asyncio.sleep` does.
        """
        self._prepare = prepare
        self._sleep = sleep
        self._preparing: dict[str, asyncio.Task[None]] = {}
        #: By document, the place that was last prepared, or that the model was last asked about.
        self._places: dict[str, tuple[int, int]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def rest(self, place: CompletionQuery, is_current: Callable[[], bool]) -> None:
        """Prepare a place after a moment.

        There is nothing to do where the model was asked last, or where a cursor rests already.

        Args:
            place: Where the cursor is.
            is_current: Whether the document is still as it was, asked after the moment.
        """
        if self._places.get(place.uri) == _fingerprint(place):
            return
        self.leave(place.uri)
        self._places[place.uri] = _fingerprint(place)
        task = asyncio.create_task(
            self._rest(place, is_current), name="prepare where the cursor rests"
        )
        self._preparing[place.uri] = task
        task.add_done_callback(lambda _: self._let_go(place.uri, task))

    def leave(self, uri: str) -> None:
        """End what is done for a document, at once."""
        task = self._preparing.pop(uri, None)
        if task is not None:
            task.cancel()
            self._ending.add(task)
            self._places.pop(uri, None)

    def note_asked(self, query: CompletionQuery) -> None:
        """Take note that the model is asked about a place, which prepares it."""
        self._places[query.uri] = _fingerprint(query)

    def forget(self, uri: str) -> None:
        """Drop what is kept for a document."""
        self.leave(uri)
        self._places.pop(uri, None)

    async def aclose(self) -> None:
        """End everything and wait for it."""
        for uri in list(self._preparing):
            self.leave(uri)
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _rest(self, place: CompletionQuery, is_current: Callable[[], bool]) -> None:
        await self._sleep(REST_S)
        if not is_current():
            return
        try:
            await self._prepare(place)
        except BantamError as error:
            # Whoever asks here will be told, if it is still so.
            LOGGER.info("a place was not prepared: %s", error)

    def _let_go(self, uri: str, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if self._preparing.get(uri) is task:
            del self._preparing[uri]
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("a place was not prepared", exc_info=error)


def _fingerprint(query: CompletionQuery) -> tuple[int, int]:
    """Return what tells a place in a text from others, without keeping the text."""
    return hash(query.text), query.cursor
