"""Events from a model's thread to the coroutine that waits for them."""

from __future__ import annotations

import asyncio
import contextlib

from lsp_server.engine.api import EndEvent, Event


class EventStream:
    """A queue that any thread may fill and one coroutine empties.

    Attributes:
        ended: Set when the end event has arrived.
    """

    def __init__(self) -> None:
        """Start empty; needs a running event loop, which becomes the reader's."""
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self.ended = asyncio.Event()

    def put(self, event: Event) -> None:
        """Add an event; never blocks.  It is lost if the reader's loop is closed."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._add, event)

    async def get(self) -> Event:
        """Return the next event, in the order in which they were added."""
        return await self._events.get()

    def _add(self, event: Event) -> None:
        self._events.put_nowait(event)
        if isinstance(event, EndEvent):
            self.ended.set()
