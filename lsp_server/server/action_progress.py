"""Do a code action with a progress bar that can cancel it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled

from lsp_server.server.client import EditorClient
from lsp_server.server.tasks import BackgroundTasks

Result = TypeVar("Result")

#: A bar that moves with every token costs more than it says.
_TOKENS_PER_REPORT = 8
_TOKEN_NUMBERS = itertools.count(1)


async def with_progress(
    client: EditorClient,
    tasks: BackgroundTasks,
    title: str,
    work: Callable[[Callable[[int], None]], Awaitable[Result]],
) -> Result:
    """Return what `work` returns; it is given a function that takes the tokens so far.

    Raises:
        JsonRpcException: The person has cancelled it at the progress bar.
    """
    bar = _Bar(client, title)
    working = asyncio.ensure_future(work(bar.move))
    if client.has_progress:
        tasks.start(bar.run(working), "the progress bar of a code action")
    try:
        return await working
    except asyncio.CancelledError:
        if bar.is_cancelled:
            raise JsonRpcRequestCancelled(f"Bantam: {title}: cancelled") from None
        raise
    finally:
        working.cancel()
        await asyncio.wait({working})


class _Bar:
    """One progress bar; its client may never agree to it, so nobody waits for it.

    Attributes:
        is_cancelled: Whether the person has cancelled the work there.
    """

    def __init__(self, client: EditorClient, title: str) -> None:
        self.is_cancelled = False
        self._client = client
        self._title = title
        self._token = f"bantam-action-{next(_TOKEN_NUMBERS)}"
        self._num_tokens = 0
        self._moved = asyncio.Event()

    def move(self, num_tokens: int) -> None:
        """Take how many tokens were written."""
        self._num_tokens = num_tokens
        if num_tokens % _TOKENS_PER_REPORT == 0:
            self._moved.set()

    async def run(self, working: asyncio.Future[Result]) -> None:
        """Show the bar until the work is done."""

        def cancel() -> None:
            self.is_cancelled = True
            working.cancel()

        try:
            await self._client.open_cancellable_progress(self._token, self._title, cancel)
        except JsonRpcException:
            return
        working.add_done_callback(lambda _: self._moved.set())
        try:
            while not working.done():
                await self._moved.wait()
                self._moved.clear()
                if not working.done():
                    self._client.report_message(self._token, f"{self._num_tokens} tokens")
        finally:
            self._client.close_progress(self._token)
