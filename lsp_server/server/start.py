"""Run a language server until its client goes away."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from pygls.io_ import StdoutWriter, run_async

from lsp_server.directories import directories
from lsp_server.server.protocol.logs import start_logging
from lsp_server.server.protocol.stdin_reader import start_reading
from lsp_server.server.protocol.stdout_guard import reserve_stdout
from lsp_server.server.wiring import BantamServer, chosen_engine

if TYPE_CHECKING:
    from pygls.io_ import AsyncReader, AsyncWriter, Writer

_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})


def serve_stdio(overrides: Mapping[str, object] = _NO_OVERRIDES) -> None:
    """Serve the client at standard input and output.

    Args:
        overrides: Settings from the command line, by key (`model.name`).

    Raises:
        SystemExit: The client said `exit`; the status is 0 after `shutdown`, else 1.
        ConfigError: A `BANTAM_*_HOME` variable holds a relative path.
    """
    writer = StdoutWriter(reserve_stdout())
    start_logging(directories())
    asyncio.run(_serve_stdio(writer, overrides))


def serve_tcp(host: str, port: int, overrides: Mapping[str, object] = _NO_OVERRIDES) -> None:
    """Serve the first client that connects, and then end; for debugging.

    Args:
        host: Address to listen at; whoever can reach it can talk to the server.
        port: Port to listen at; 0 lets the system choose.  Standard error says which.
        overrides: Settings from the command line, by key.

    Raises:
        SystemExit: The client said `exit`; the status is 0 after `shutdown`, else 1.
        ConfigError: A `BANTAM_*_HOME` variable holds a relative path.
        OSError: The address cannot be listened at.
    """
    start_logging(directories())
    asyncio.run(_serve_tcp(host, port, overrides))


async def _serve_stdio(writer: Writer, overrides: Mapping[str, object]) -> None:
    await _converse(start_reading(sys.stdin.fileno()), writer, overrides)


async def _serve_tcp(host: str, port: int, overrides: Mapping[str, object]) -> None:
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    connected = asyncio.get_running_loop().create_future()

    def take_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connected.done():
            writer.close()
        else:
            connected.set_result((reader, writer))

    listener = await asyncio.start_server(take_first, host, port)
    for socket in listener.sockets:
        sys.stderr.write(f"bantam listens at {socket.getsockname()[:2]}\n")
    sys.stderr.flush()
    reader, writer = await connected
    listener.close()
    await _converse(reader, writer, overrides)


async def _converse(
    reader: AsyncReader, writer: AsyncWriter | Writer, overrides: Mapping[str, object]
) -> None:
    """Handle messages until `exit` or the end of input, and leave nothing behind."""
    server = BantamServer(chosen_engine, overrides)
    server.protocol.set_writer(writer)
    try:
        await run_async(
            stop_event=threading.Event(),
            reader=reader,
            protocol=server.protocol,
            logger=logging.getLogger("pygls.io"),
            error_handler=server.report_server_error,
        )
    finally:
        await server.session.aclose()
