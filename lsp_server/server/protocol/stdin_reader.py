"""Read standard input without occupying a thread pool.

pygls reads through the pool that also runs its threaded handlers, so that busy handlers delay
every message, cancellations included.  Here one thread of its own reads; it is a daemon,
because nothing can interrupt a read, and a server that was told to end must not wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading

_CHUNK_BYTES = 1 << 16
#: Longest header line that is read as one.
_MAX_LINE_BYTES = 1 << 16


def start_reading(fd: int) -> asyncio.StreamReader:
    """Return a stream of what arrives at a file descriptor; needs a running event loop."""
    reader = asyncio.StreamReader(limit=_MAX_LINE_BYTES)
    loop = asyncio.get_running_loop()
    threading.Thread(
        target=_read_until_end, args=(fd, reader, loop), name="standard input", daemon=True
    ).start()
    return reader


def _read_until_end(fd: int, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
    # A closed loop raises RuntimeError: the server has ended, and nobody listens.
    with contextlib.suppress(RuntimeError):
        while data := _read(fd):
            loop.call_soon_threadsafe(reader.feed_data, data)
        loop.call_soon_threadsafe(reader.feed_eof)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _CHUNK_BYTES)
    except OSError:
        # The pipe broke or was closed: the end of input, as far as we are concerned.
        return b""
