"""A client over TCP sends nothing to what does not know the secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.tcp.address import TcpAddress
from lsp_server.engine.shared.tcp.secret import Secret, load_or_create_secret
from lsp_server.engine.shared.wire.connection import Connection
from lsp_server.engine.shared.wire.faults import GoneError
from lsp_server.engine.shared.wire.tcp_connection import TcpEnd
from lsp_server.errors import EngineStartError
from tests.support.scripted_engine import ScriptedEngine
from tests.support.tcp_engine import served_over_tcp

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def impostor(serve: Serve, heard: list[bytes]) -> AsyncIterator[TcpAddress]:
    """Listen as somebody who took the port."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"}"))
        await serve(reader, writer)
        heard.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield TcpAddress("127.0.0.1", server.sockets[0].getsockname()[1])


@asynccontextmanager
async def connected(address: TcpAddress, secret: Secret) -> AsyncIterator[Connection]:
    connection = Connection(TcpEnd(address, secret))
    try:
        yield connection
    finally:
        await connection.aclose()


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    return load_or_create_secret(tmp_path / "secret")


async def test_an_engine_that_proves_itself_is_used(
    engine: ScriptedEngine, bantam_directories: Directories
) -> None:
    async with (
        served_over_tcp(engine, bantam_directories) as serving,
        connected(serving.address, serving.secret) as connection,
    ):
        assert (await connection.hello()).protocol_version
        assert [model.model for model in (await connection.status()).models] == ["fake"]


async def test_an_engine_with_another_secret_gets_nothing(
    engine: ScriptedEngine, bantam_directories: Directories, secret: Secret
) -> None:
    async with (
        served_over_tcp(engine, bantam_directories) as serving,
        connected(serving.address, secret) as connection,
    ):
        with pytest.raises(EngineStartError, match="nothing was sent to it"):
            await connection.status()


def said(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.write(answer)
        await writer.drain()

    return serve


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"proof": ""}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{"proof": "00000000000000000"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"x" * 20_000,
        b"\xff\xfe\r\n\r\n",
    ],
)
async def test_an_impostor_gets_neither_secret_nor_text(
    secret: Secret, tmp_path: Path, answer: bytes
) -> None:
    key = (tmp_path / "secret").read_text(encoding="ascii").strip()
    heard: list[bytes] = []
    async with (
        impostor(said(answer), heard) as address,
        connected(address, secret) as connection,
    ):
        with pytest.raises(EngineStartError, match=f"127.0.0.1:{address.port} does not know"):
            await connection.count(b'{"texts": ["def secret_source(): ..."]}')
        await asyncio.sleep(0)
    everything = b"".join(heard)
    assert everything.startswith(b"POST /bantam/v1/prove ")
    assert key.encode() not in everything
    assert b"Authorization" not in everything
    assert b"secret_source" not in everything


async def test_an_impostor_cannot_pass_the_question_on(
    engine: ScriptedEngine, bantam_directories: Directories
) -> None:
    async with served_over_tcp(engine, bantam_directories) as serving:

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            question = heard[0].partition(b"\r\n\r\n")[2]
            async with serving.http.post("/bantam/v1/prove", data=question) as answer:
                body = await answer.read()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

        heard: list[bytes] = []
        async with (
            impostor(relay, heard) as address,
            connected(address, serving.secret) as connection,
        ):
            with pytest.raises(EngineStartError, match="does not know the secret"):
                await connection.status()


async def test_nobody_at_the_port_is_no_engine(secret: Secret) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with connected(TcpAddress("127.0.0.1", port), secret) as connection:
        with pytest.raises(GoneError):
            await connection.status()
