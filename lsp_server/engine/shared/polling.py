"""Waiting for what no event announces: other processes' locks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_PERIOD_S = 0.03


async def wait_until(is_true: Callable[[], bool], timeout_s: float) -> None:
    """Return once a condition holds; it is asked at least once.

    Raises:
        TimeoutError: It did not hold in time.
    """
    async with asyncio.timeout(timeout_s):
        # Locks of other processes raise no event that one could wait for.
        while not is_true():  # noqa: ASYNC110
            await asyncio.sleep(_PERIOD_S)
