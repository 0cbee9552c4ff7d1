"""What the engine answers to requests that no client of ours would send."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from lsp_server.engine.api import PROTOCOL_VERSION, ErrorKind, ErrorReport
from lsp_server.engine.shared import engine_process, http_errors
from lsp_server.engine.shared.http_limits import RequestLimits
from lsp_server.engine.shared.http_server import EngineServer
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from tests.support.scripted_engine import ScriptedEngine, request, text_event
from tests.support.served_engine import Served


@pytest_asyncio.fixture
async def http(serving, folder: RuntimeFolder) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a session to the server's socket; the host's name does not matter."""
    connector = aiohttp.UnixConnector(str(folder.socket))
    async with aiohttp.ClientSession("http://engine", connector=connector) as session:
        yield session


async def refused(answer: aiohttp.ClientResponse, status: int) -> ErrorReport:
    """Check an answer's status, and return its report."""
    assert answer.status == status
    assert answer.content_type == "application/json"
    return msgspec.json.decode(await answer.read(), type=ErrorReport)


async def test_health_and_hello_answer_plain_json(http: aiohttp.ClientSession) -> None:
    async with http.get("/health") as answer:
        assert await answer.json() == {"status": "ok"}
    async with http.get("/bantam/v1/hello") as answer:
        assert (await answer.json())["protocol_version"] == PROTOCOL_VERSION


async def test_generate_answers_a_request_without_hello(http: aiohttp.ClientSession) -> None:
    async with http.post(
        "/bantam/v1/generate", json={"request_id": "1", "model": "fake", "segments": []}
    ) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/x-ndjson"
        assert (await answer.read()).endswith(b"\n")


@pytest.mark.parametrize("path", ["generate", "count", "describe"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b'{"model": "\xff\xfe"}', id="not utf-8"),
        pytest.param(b'{"model": 1, "texts": "x", "segments": 3, "request_id": []}', id="types"),
        pytest.param(b'{"x": ' * 100_000, id="deep"),
        pytest.param(b"\x1f\x8b\x08\x00", id="compressed"),
    ],
)
async def test_a_bad_body_is_a_bad_request(
    http: aiohttp.ClientSession, engine: ScriptedEngine, path: str, body: bytes
) -> None:
    async with http.post(f"/bantam/v1/{path}", data=body) as answer:
        report = await refused(answer, 400)
    assert report.kind is ErrorKind.BAD_REQUEST
    assert engine.requests == []


async def test_values_out_of_bounds_are_a_bad_request(http: aiohttp.ClientSession) -> None:
    body = msgspec.json.encode(request()).replace(b'"num_alternatives":1', b'"num_alternatives":9')
    async with http.post("/bantam/v1/generate", data=body) as answer:
        assert "num_alternatives" in (await refused(answer, 400)).message


async def test_a_body_over_the_limit_is_refused_with_the_limit(
    http: aiohttp.ClientSession, engine: ScriptedEngine
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(RequestLimits().max_body_bytes // 2**20 + 1):
            yield b"x" * 2**20

    async with http.post("/bantam/v1/generate", data=chunks()) as answer:
        report = await refused(answer, 413)
    assert str(RequestLimits().max_body_bytes) in report.message
    assert engine.requests == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/bantam/v2/generate", 404),
        ("GET", "/bantam/v1/generate", 405),
        ("POST", "/bantam/v1/hello", 405),
    ],
)
async def test_what_does_not_exist_is_refused(
    http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with http.request(method, path) as answer:
        assert f"{method} {path}" in (await refused(answer, status)).message


async def test_another_protocol_version_is_sent_back_to_say_hello(
    http: aiohttp.ClientSession,
) -> None:
    headers = {"Bantam-Protocol": str(PROTOCOL_VERSION + 1)}
    async with http.post("/bantam/v1/count", data=b"{}", headers=headers) as answer:
        await refused(answer, 409)
    async with http.get("/bantam/v1/hello", headers=headers) as answer:
        assert answer.status == 200


async def test_a_fault_is_answered_without_text_or_place_and_logged_without_text(
    http: aiohttp.ClientSession, engine: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.failure = KeyError("def secret")
    async with http.post("/bantam/v1/count", json={"model": "fake", "texts": []}) as answer:
        report = await refused(answer, 500)
    assert report.kind is ErrorKind.INTERNAL
    assert "secret" not in report.message
    assert ".py" not in report.message
    assert [record.levelno for record in caplog.records if record.levelno >= logging.ERROR]


async def test_processes_of_other_users_are_refused(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_errors, "is_own_user", lambda connection: False)
    async with http.get("/bantam/v1/hello") as answer:
        assert "another user" in (await refused(answer, 403)).message


def with_client_timeout(monkeypatch: pytest.MonkeyPatch, timeout_s: float) -> None:
    """Let the server lose patience with its clients sooner."""

    def impatient(*parts: object, **options: object) -> EngineServer:
        return EngineServer(*parts, client_timeout_s=timeout_s)  # type: ignore[arg-type]

    monkeypatch.setattr(engine_process, "EngineServer", impatient)


@pytest.fixture
def impatient_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server give its clients 0.2 s; ask for this before `serving`."""
    with_client_timeout(monkeypatch, 0.2)


async def test_a_client_that_never_reads_is_dropped_and_others_are_served(
    impatient_server: None, serving, folder: RuntimeFolder, client, engine, until
) -> None:
    engine.events = (text_event("x" * 10_000),)
    engine.is_endless = True
    body = msgspec.json.encode(request())
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(folder.socket))
        head = (
            f"POST /bantam/v1/generate HTTP/1.1\r\nHost: e\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        deaf.sendall(head.encode() + body)
        await until(lambda: engine.num_open == 1)
        assert (await client.status()).models
        await until(lambda: engine.num_closed == 1)


async def test_a_client_that_never_finishes_its_body_is_refused(
    impatient_server: None, serving, folder: RuntimeFolder
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(folder.socket))
    writer.write(b"POST /bantam/v1/count HTTP/1.1\r\nHost: e\r\nContent-Length: 99\r\n\r\n{")
    assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_what_is_not_http_is_refused_and_others_are_served(
    serving, folder: RuntimeFolder, client
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(folder.socket))
    writer.write(b"\x16\x03\x01def secret\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert (await client.status()).models


async def test_a_client_that_goes_away_in_the_middle_of_its_body_harms_nobody(
    serving, folder: RuntimeFolder, client
) -> None:
    _, writer = await asyncio.open_unix_connection(str(folder.socket))
    writer.write(b"POST /bantam/v1/generate HTTP/1.1\r\nHost: e\r\nContent-Length: 99\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.status()).models


async def test_a_draining_engine_ends_what_runs_and_takes_nothing_new(
    http: aiohttp.ClientSession, engine: ScriptedEngine, serving: Served, until
) -> None:
    engine.events = (text_event("a"),)
    engine.gate = asyncio.Event()
    body = msgspec.json.encode(request())
    running = await http.post("/bantam/v1/generate", data=body)
    async with http.post("/bantam/v1/stop?drain_s=20") as answer:
        assert answer.status == 200
    for method, path in (("GET", "/bantam/v1/hello"), ("POST", "/bantam/v1/generate")):
        async with http.request(method, path, headers={"Connection": "close"}) as answer:
            assert (await refused(answer, 503)).kind is ErrorKind.STOPPED
    assert not serving.stop.is_thrown
    engine.gate.set()
    assert b'"type":"end"' in await running.read()
    await until(lambda: serving.stop.is_thrown)


@pytest.mark.parametrize("seconds", ["-1", "21", "nan", "x", ""])
async def test_a_drain_out_of_bounds_is_refused(
    http: aiohttp.ClientSession, serving: Served, seconds: str
) -> None:
    async with http.post(f"/bantam/v1/stop?drain_s={seconds}") as answer:
        assert "drain_s" in (await refused(answer, 400)).message
    assert not serving.stop.is_thrown
