"""Wait a little after a key, and ask only if no newer question came."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

#: Documents whose newest question is remembered.
MAX_DOCUMENTS = 64


class Debouncer:
    """Knows the newest question of each document."""

    def __init__(
        self, delay_ms: Callable[[], int], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        """Start without questions.

        Args:
            delay_ms: Says how long to wait now, in milliseconds; 0 does not wait.
            sleep: Waits for seconds, as `asyncio.sleep` does.
        """
        self._delay_ms = delay_ms
        self._sleep = sleep
        self._newest: OrderedDict[str, object] = OrderedDict()

    def take_turn(self, uri: str) -> object:
        """Make this the newest question of its document, and return its ticket."""
        ticket = object()
        self._newest[uri] = ticket
        self._newest.move_to_end(uri)
        if len(self._newest) > MAX_DOCUMENTS:
            self._newest.popitem(last=False)
        return ticket

    async def is_newest_after_delay(self, uri: str, ticket: object) -> bool:
        """Wait, and return whether the ticket is still the newest of its document."""
        if delay_ms := self._delay_ms():
            await self._sleep(delay_ms / 1_000)
        return self._newest.get(uri, ticket) is ticket
