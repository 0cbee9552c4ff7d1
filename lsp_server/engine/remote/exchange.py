"""One request to the remote server: its alternatives side by side, as one stream of events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from lsp_server.engine.api import (
    Cost,
    EndEvent,
    EndReason,
    Event,
    GenerateRequest,
    PromptEvent,
    TextEvent,
    TokenText,
)
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.remote.chunks import Chunk
from lsp_server.engine.remote.stream import Alternative
from lsp_server.errors import BantamError

#: What an alternative puts into the queue besides its tokens: its end, or what ended it.
_Item = tuple[int, tuple[TokenText, ...] | BantamError | None]


class Exchange:
    """Runs the alternatives of one request, each as a request of its own.

    Servers that give several answers to one request exist, but not all stream them, and some
    leave the number out of account.
    """

    def __init__(
        self,
        request: GenerateRequest,
        alternatives: Sequence[Alternative],
        open_chunks: Callable[[int], AsyncGenerator[Chunk, None]],
    ) -> None:
        """Prepare.

        Args:
            request: What was asked for.
            alternatives: One per answer, empty.
            open_chunks: Returns the stream of an alternative, which is not opened yet.
        """
        self._request = request
        self._alternatives = alternatives
        self._open_chunks = open_chunks
        self._items: asyncio.Queue[_Item | EndReason] = asyncio.Queue()
        self._started_s = time.monotonic()
        self._first_text_s: float | None = None

    def supersede(self) -> None:
        """End it for a newer request."""
        self._items.put_nowait(EndReason.SUPERSEDED)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield the events, the end among them; closing this closes the connections."""
        tasks = [
            asyncio.create_task(self._read(index), name=f"{self._request.request_id} {index}")
            for index in range(len(self._alternatives))
        ]
        try:
            num_running = len(tasks)
            while num_running:
                match await self._next_item():
                    case EndReason() as reason:
                        yield self._end(reason)
                        return
                    case (_, BantamError() as error):
                        reasons = (EndReason.ERROR,) * len(tasks)
                        yield EndEvent(reasons=reasons, cost=self._cost(), error=report_of(error))
                        return
                    case (_, None):
                        num_running -= 1
                    case (index, tokens):
                        if self._first_text_s is None:
                            self._first_text_s = time.monotonic()
                            yield PromptEvent(cost=self._cost())
                        yield TextEvent(alternative=index, tokens=tokens)
            yield self._end(EndReason.STOP)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _next_item(self) -> _Item | EndReason:
        """Return what comes next; the time limit is one of the ends that may come."""
        max_ms = self._request.limits.max_ms
        deadline_s = None
        if max_ms is not None:
            left_s = self._started_s + max_ms / 1000.0 - time.monotonic()
            deadline_s = asyncio.get_running_loop().time() + left_s
        try:
            async with asyncio.timeout_at(deadline_s):
                return await self._items.get()
        except TimeoutError:
            return EndReason.TIME

    async def _read(self, index: int) -> None:
        try:
            async with aclosing(
                self._alternatives[index].tokens(self._open_chunks(index))
            ) as tokens_list:
                async for tokens in tokens_list:
                    self._items.put_nowait((index, tokens))
        except BantamError as error:
            self._items.put_nowait((index, error))
        else:
            self._items.put_nowait((index, None))

    def _end(self, otherwise: EndReason) -> EndEvent:
        reasons = tuple(alternative.reason or otherwise for alternative in self._alternatives)
        return EndEvent(reasons=reasons, cost=self._cost())

    def _cost(self) -> Cost:
        """Return what the server says that it was, and what we saw ourselves."""
        usages = [one.usage for one in self._alternatives if one.usage is not None]
        reused = sum(
            usage.prompt_tokens_details.cached_tokens or 0
            for usage in usages
            if usage.prompt_tokens_details is not None
        )
        generated = sum(
            one.num_chunks if one.usage is None else one.usage.completion_tokens
            for one in self._alternatives
        )
        now_s = time.monotonic()
        first_s = now_s if self._first_text_s is None else self._first_text_s
        return Cost(
            tokens_reused=reused,
            tokens_computed=max(0, sum(usage.prompt_tokens for usage in usages) - reused),
            tokens_generated=generated,
            ms_prefill=(first_s - self._started_s) * 1000.0,
            ms_decode=(now_s - first_s) * 1000.0,
        )
