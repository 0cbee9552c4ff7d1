"""Threads for calls that block; neither a message nor the end of the server waits for them.

The executor of pygls also reads standard input, and that of asyncio is waited for at the end.
Here reading has a thread of its own (`byte_reader.py`), and calls that still run at the end are
left to themselves.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

NUM_WORKERS = 8


class Workers(ThreadPoolExecutor):
    """The executor behind `asyncio.to_thread`."""

    def __init__(self) -> None:
        """Prepare; a thread is started when it is first needed."""
        super().__init__(max_workers=NUM_WORKERS, thread_name_prefix="worker")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls and forget those that have not begun; never waits."""
        del wait, cancel_futures
        super().shutdown(wait=False, cancel_futures=True)
