"""One request to the engine while it runs: what it has said so far, and who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.query import OutcomeReason
from lsp_server.completion.typing_along import Written, place_of, typed_since
from lsp_server.engine.api import Cost, ErrorReport


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request ended.

    Attributes:
        written: What the model wrote, unfiltered; empty if it did not come to it.
        interrupted: Set if the request did not come to its end: cancelled, superseded, failed.
        error: Set when, and only when, `interrupted` is `FAILED`.
        cost: What the engine reported.
        stage_ms: Milliseconds per stage.
        stopped_by: The names of our own rules that ended an alternative.
    """

    written: tuple[Written, ...] = ()
    interrupted: OutcomeReason | None = None
    error: ErrorReport | None = None
    cost: Cost = field(default_factory=Cost)
    stage_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    stopped_by: tuple[str, ...] = ()


class Draft:
    """What has been written so far, by alternative; tells those who wait when it grows."""

    def __init__(self, num_alternatives: int) -> None:
        self.texts = [""] * num_alternatives
        self._has_grown = asyncio.Event()

    def grow(self, alternative: int, text: str) -> None:
        """Replace the text of an alternative by a longer one."""
        self.texts[alternative] = text
        self._has_grown.set()
        self._has_grown = asyncio.Event()

    def can_begin_with(self, typed: str) -> bool:
        """Return whether some alternative begins with `typed`, or may still come to it."""
        return any(text.startswith(typed) or typed.startswith(text) for text in self.texts)

    async def grown(self) -> None:
        """Wait until there is more."""
        await self._has_grown.wait()


class Generation:
    """A running request.  It ends when nobody waits for it any longer.

    Attributes:
        place: Where the question is.
        num_alternatives: How many alternatives were asked for.
        draft: What has been written so far.
    """

    def __init__(
        self,
        cursor: Cursor,
        num_alternatives: int,
        write: Callable[[Draft], Awaitable[Answer]],
    ) -> None:
        self.place = place_of(cursor)
        self.num_alternatives = num_alternatives
        self.draft = Draft(num_alternatives)
        self._num_waiting = 0
        self._is_superseded = False
        self._task = asyncio.ensure_future(write(self.draft))

    @property
    def is_running(self) -> bool:
        """Whether the answer is still to come."""
        return not self._task.done() and not self._task.cancelling()

    def fits(self, cursor: Cursor) -> bool:
        """Return whether the answer may still be one to a question at `cursor`."""
        typed = typed_since(self.place, cursor)
        return typed is not None and self.draft.can_begin_with(typed)

    async def answer(self, cursor: Cursor) -> Answer | None:
        """Wait for the answer, as long as it fits a question at `cursor`.

        When the last one who waits is cancelled, the request is, too.

        Returns:
            `None` once the model writes something else than what was typed meanwhile.
        """
        self._num_waiting += 1
        try:
            while not self._task.done():
                if not self.fits(cursor):
                    return None
                await self._next_change()
            return self._result()
        finally:
            self._num_waiting -= 1
            if self._num_waiting == 0:
                self._task.cancel()

    def call_when_done(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the request has ended and its stream is closed."""
        self._task.add_done_callback(lambda _: callback())

    def supersede(self) -> None:
        """End it, because a newer question took its place."""
        self._is_superseded = True
        self._task.cancel()

    async def aclose(self) -> None:
        """End it and wait until its stream is closed."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _next_change(self) -> None:
        grown = asyncio.ensure_future(self.draft.grown())
        try:
            await asyncio.wait({self._task, grown}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            grown.cancel()

    def _result(self) -> Answer:
        if self._task.cancelled():
            reason = OutcomeReason.SUPERSEDED if self._is_superseded else OutcomeReason.CANCELLED
            return Answer(interrupted=reason)
        return self._task.result()
