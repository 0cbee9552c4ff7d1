"""A llama-server that runs as long as it is needed."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from scripts.peer.client import PeerClient
from scripts.peer.environment import plain_environment
from scripts.peer.options import PeerOptions
from scripts.peer.program import Peer, PeerFailed

_START_TIMEOUT_S = 300.0
_POLL_S = 0.02
_NUM_TAIL_LINES = 15
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


@asynccontextmanager
async def serving(
    peer: Peer, model: Path, options: PeerOptions
) -> AsyncGenerator[PeerClient, None]:
    """Run the peer with a model as long as the context lasts.

    Raises:
        PeerFailed: It ended at once or was not ready in time.
    """
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *peer.command(model, options, port),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env=plain_environment(),
        )
        try:
            base = f"http://127.0.0.1:{port}"
            try:
                await _wait_until_ready(base, process)
            except PeerFailed as error:
                log.seek(0)
                lines = log.read().decode(errors="replace").splitlines()[-_NUM_TAIL_LINES:]
                raise PeerFailed("\n".join([str(error), *lines])) from error
            # Its own connections: the server may be closing those that asked whether it is ready.
            async with aiohttp.ClientSession(base, timeout=_NO_TIMEOUT) as session:
                yield PeerClient(session, process.pid, base)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def another_client(client: PeerClient) -> AsyncGenerator[PeerClient, None]:
    """Give a client of the same server with a connection of its own."""
    async with aiohttp.ClientSession(client.base, timeout=_NO_TIMEOUT) as session:
        yield PeerClient(session, client.pid, client.base)


async def _wait_until_ready(base: str, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_START_TIMEOUT_S), aiohttp.ClientSession(base) as session:
            while not await _is_ready(session):
                if process.returncode is not None:
                    raise PeerFailed(f"llama-server ended with status {process.returncode}")
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise PeerFailed(f"llama-server was not ready after {_START_TIMEOUT_S:.0f} s") from error


async def _is_ready(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("/health") as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
