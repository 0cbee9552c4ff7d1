"""Threads that hang keep neither the loop nor the end waiting."""

from __future__ import annotations

import asyncio
import threading

from lsp_server.server.protocol.byte_reader import chunks
from lsp_server.server.protocol.workers import NUM_WORKERS, Workers


def test_a_loop_closes_while_all_workers_hang() -> None:
    released = threading.Event()

    async def hang() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Workers())
        for _ in range(NUM_WORKERS + 1):
            loop.run_in_executor(None, released.wait)
        await asyncio.sleep(0)

    try:
        # Comes to an end: otherwise the test's own limit of time says so.
        asyncio.run(hang())
    finally:
        released.set()


async def read_all(*results: bytes | OSError) -> list[bytes]:
    """Return the chunks of an input that gives these results."""
    left = list(results)

    def read() -> bytes:
        result = left.pop(0)
        if isinstance(result, OSError):
            raise result
        return result

    return [chunk async for chunk in chunks(read)]


async def test_the_input_ends_where_nothing_comes() -> None:
    assert await read_all(b"one", b"two", b"", b"late") == [b"one", b"two"]


async def test_a_broken_input_has_ended() -> None:
    assert await read_all(b"one", OSError("the terminal is gone")) == [b"one"]
