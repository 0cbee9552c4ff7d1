"""Work that no request waits for, held so that it is neither lost nor left over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

LOGGER = logging.getLogger(__name__)

Result = TypeVar("Result")


class Closings:
    """Closes things to their end, even when those who wait for that are cancelled."""

    def __init__(self) -> None:
        self._closings: set[asyncio.Task[None]] = set()

    async def close(self, closing: Coroutine[Any, Any, None]) -> None:
        """Wait for `closing`; it goes on when this is cancelled."""
        task = asyncio.get_running_loop().create_task(closing)
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)
        await asyncio.shield(task)

    async def wait(self) -> None:
        """Wait until all that was begun has ended."""
        await asyncio.gather(*self._closings, return_exceptions=True)


class BackgroundTasks:
    """Keeps tasks until they are done, and logs those that fail."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        """Run `work` as a task; `name` is what the log calls it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._let_go)
        return task

    async def aclose(self) -> None:
        """Cancel what still runs and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _let_go(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("%s failed", task.get_name(), exc_info=error)
