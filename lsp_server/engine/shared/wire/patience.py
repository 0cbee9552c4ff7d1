"""Telling an engine that computes from one that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from lsp_server.engine.shared.wire.faults import BrokenError, GoneError, LateError, SilentError

Answer = TypeVar("Answer")

#: After so many seconds without a word the engine is asked whether it lives; it answers that at
#: once, whatever its models do, and may take so many seconds on a busy machine.
_QUIET_S = 2.0
_ALIVE_TIMEOUT_S = 10.0


class Patience:
    """How long one request waits for an engine that says nothing.

    An engine that is stopped or swapped out looks like one that computes; but one that lives
    answers `hello` meanwhile.
    """

    def __init__(self, hello: Callable[[], Awaitable[object]], max_s: float | None) -> None:
        """Start the time that the request has.

        Args:
            hello: Asks the engine for a sign of life.
            max_s: Seconds, or no limit.
        """
        self._hello = hello
        self._now_s = asyncio.get_running_loop().time
        self._end_s = None if max_s is None else self._now_s() + max_s
        self._has_lived = False

    async def wait_for(self, step: Coroutine[Any, Any, Answer]) -> Answer:
        """Wait for a step of the answer as long as there is hope.

        Raises:
            SilentError: The engine gives no sign of life.
            LateError: It does, or did when it last had the time to, but the time is over.
        """
        waiting = asyncio.create_task(step)
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=_QUIET_S)
                if not waiting.done():
                    await self._look_for_life(waiting)
            return waiting.result()
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    async def _look_for_life(self, waiting: asyncio.Task[Answer]) -> None:
        left_s = _ALIVE_TIMEOUT_S if self._end_s is None else self._end_s - self._now_s()
        if left_s <= 0:
            raise LateError
        try:
            async with asyncio.timeout(min(left_s, _ALIVE_TIMEOUT_S)):
                await self._hello()
            self._has_lived = True
        except TimeoutError as error:
            if waiting.done():
                return
            if self._has_lived and left_s < _ALIVE_TIMEOUT_S:
                # It had less time than it may take, and answered while there was enough.
                raise LateError from error
            raise SilentError from error
        except (GoneError, BrokenError):
            return  # It has died, which the step notices by itself.
