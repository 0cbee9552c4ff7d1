"""Read from the client without occupying a thread pool.

pygls reads through the pool that also runs its threaded handlers, so that busy handlers delay
every message, cancellations included.  Here one thread of its own reads; it is a daemon,
because nothing can interrupt a read, and a server that was told to end must not wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable


async def chunks(read: Callable[[], bytes]) -> AsyncIterator[bytes]:
    """Yield what `read` returns, until that is nothing or the connection breaks."""
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    arguments = (read, arrived, asyncio.get_running_loop())
    threading.Thread(
        target=_read_until_end, args=arguments, name="protocol input", daemon=True
    ).start()
    while chunk := await arrived.get():
        yield chunk


def _read_until_end(
    read: Callable[[], bytes], arrived: asyncio.Queue[bytes], loop: asyncio.AbstractEventLoop
) -> None:
    # A closed loop raises RuntimeError: the server has ended, and nobody listens.
    with contextlib.suppress(RuntimeError):
        while chunk := _read(read):
            loop.call_soon_threadsafe(arrived.put_nowait, chunk)
        loop.call_soon_threadsafe(arrived.put_nowait, b"")


def _read(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except OSError:
        # The pipe broke or was closed: the end of input, as far as we are concerned.
        return b""
