"""Who is answered over TCP, and who is not."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
import pytest

from lsp_server.directories import Directories
from lsp_server.engine.api import PROTOCOL_VERSION
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared import engine_process
from lsp_server.engine.shared.http_limits import RequestLimits
from lsp_server.engine.shared.http_server import EngineServer
from tests.support.scripted_engine import ScriptedEngine
from tests.support.tcp_engine import TcpEngine

BODY = b'{"model": "fake", "prompt": "x = "}'


async def answer_to(
    port: TcpEngine,
    headers: Mapping[str, str | None],
    *,
    method: str = "POST",
    path: str = "/v1/completions",
    body: bytes = BODY,
) -> str:
    """Return the whole answer to a request written by hand; `None` leaves out a header."""
    usual: dict[str, str | None] = {
        "Host": port.address.authority,
        "Authorization": f"Bearer {port.key}",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"{k}: {v}" for k, v in {**usual, **headers}.items() if v is not None]
    reader, writer = await asyncio.open_connection(port.address.host, port.address.port)
    writer.write(f"{method} {path} HTTP/1.1\r\n".encode())
    writer.write("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body)
    answer = await reader.read()
    writer.close()
    return answer.decode()


def status_of(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


async def test_who_knows_the_secret_is_answered(port: TcpEngine) -> None:
    assert status_of(await answer_to(port, {})) == 200
    assert status_of(await answer_to(port, {"Authorization": f"bearer {port.key}"})) == 200


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer no-key-required",
        "Basic Zm9vOmJhcg==",
        lambda key: f"Bearer {key[:-1]}",
        lambda key: f"Bearer {key}0",
        lambda key: f"Bearer {key.upper()}",
        lambda key: key,
        lambda key: f"Bearer x, Bearer {key}",
    ],
)
@pytest.mark.parametrize("path", ["/v1/completions", "/bantam/v1/generate", "/nowhere"])
async def test_a_wrong_or_missing_secret_is_refused(
    port: TcpEngine, engine: ScriptedEngine, value: str | Callable[[str], str] | None, path: str
) -> None:
    sent = value(port.key) if callable(value) else value
    answer = await answer_to(port, {"Authorization": sent}, path=path)
    assert status_of(answer) == 401
    assert "WWW-Authenticate: Bearer" in answer
    assert port.key not in answer
    assert engine.requests == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("/v1/models", "/metrics", "/bantam/v1/status")),
        *(("GET", path) for path in ("/bantam/v1/hello", "/", "/..%2f", "/v1/models/fake")),
        *(("POST", path) for path in ("/infill", "/tokenize", "/bantam/v1/stop")),
        *(("POST", path) for path in ("/bantam/v1/count", "/bantam/v1/describe")),
        ("OPTIONS", "/v1/completions"),
        ("HEAD", "/v1/models"),
    ],
)
async def test_nothing_but_health_is_open(port: TcpEngine, method: str, path: str) -> None:
    answer = await answer_to(port, {"Authorization": None}, method=method, path=path, body=b"")
    assert status_of(answer) == 401
    health = await answer_to(port, {"Authorization": None}, method="GET", path="/health", body=b"")
    assert status_of(health) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"),
        *("127.0.0.1.evil.example:{port}", "localhost.evil.example:{port}", "0.0.0.0:{port}"),
        None,
    ],
)
async def test_a_foreign_host_is_refused(port: TcpEngine, host: str | None) -> None:
    named = host.format(port=port.address.port) if host else None
    for path in ("/v1/completions", "/health", "/bantam/v1/prove"):
        assert status_of(await answer_to(port, {"Host": named}, path=path)) in (400, 403)


async def test_localhost_is_no_foreign_host(port: TcpEngine) -> None:
    host = f"LocalHost:{port.address.port}"
    assert status_of(await answer_to(port, {"Host": host})) == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1"])
async def test_any_origin_is_refused(port: TcpEngine, origin: str) -> None:
    for path in ("/v1/completions", "/health", "/bantam/v1/prove"):
        assert status_of(await answer_to(port, {"Origin": origin}, path=path)) == 403
    own = f"http://{port.address.authority}"
    assert status_of(await answer_to(port, {"Origin": own})) == 403


async def test_what_a_page_asks_for_without_an_origin_is_refused(port: TcpEngine) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = await answer_to(port, headers, method="GET", path="/health", body=b"")
    assert status_of(answer) == 403
    assert "Access-Control" not in answer


async def test_a_proof_needs_a_nonce_of_its_own(port: TcpEngine) -> None:
    nonce = secrets.token_bytes(32)
    async with port.http.post("/bantam/v1/prove", json={"nonce": nonce.hex()}) as answer:
        assert (await answer.json())["proof"] == port.secret.prove(nonce, port.address.port)
    for bad in ("", "00" * 15, "00" * 65, "xx" * 32):
        async with port.http.post("/bantam/v1/prove", json={"nonce": bad}) as answer:
            assert answer.status == 400


async def test_who_knows_no_secret_cannot_make_the_engine_keep_much(port: TcpEngine) -> None:
    host = {"Host": port.address.authority}
    url = f"{port.url}/bantam/v1/prove"

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"nonce": "'

    async with aiohttp.ClientSession() as stranger:
        for body in (b"0" * 513, chunks()):
            async with stranger.post(url, data=body, headers=host) as answer:
                assert answer.status == 400
                assert "at most 512 bytes" in await answer.text()


async def test_the_socket_needs_no_secret(port: TcpEngine, bantam_directories: Directories) -> None:
    client = EngineClient(bantam_directories, start=False)
    assert (await client.status()).protocol_version == PROTOCOL_VERSION
    await client.aclose()


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(port: TcpEngine) -> None:
    answer = await answer_to(
        port, {"Content-Length": str(RequestLimits().max_body_bytes + 1)}, body=BODY
    )
    assert status_of(answer) == 413
    assert str(RequestLimits().max_body_bytes) in answer


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"prompt": "\\ud800"}', b"\xff", b"[" * 100_000],
)
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions", "/infill"])
async def test_a_malformed_body_is_refused(port: TcpEngine, path: str, body: bytes) -> None:
    answer = await answer_to(port, {}, path=path, body=body)
    assert status_of(answer) == 200 if (path, body) == ("/infill", b"{}") else 400
    assert '"error"' in answer or (path, body) == ("/infill", b"{}")


async def test_the_secret_is_in_no_log(
    port: TcpEngine, caplog: pytest.LogCaptureFixture, engine: ScriptedEngine
) -> None:
    caplog.set_level(logging.DEBUG)
    engine.events = (KeyError("boom"),)
    await answer_to(port, {})
    await answer_to(port, {"Authorization": f"Bearer {port.key}x"})
    await answer_to(port, {"Content-Length": "nonsense"})
    await answer_to(port, {"Bad\x00Header": port.key})
    assert caplog.records
    assert port.key not in caplog.text


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server give its clients 0.2 s; ask for this before `port`."""

    def server(*parts: object, **options: object) -> EngineServer:
        return EngineServer(*parts, **{**options, "client_timeout_s": 0.2})  # type: ignore[arg-type]

    monkeypatch.setattr(engine_process, "EngineServer", server)


@pytest.mark.parametrize(
    "beginning", [b"", b"P", b"POST /v1/completions HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"]
)
async def test_a_head_that_never_ends_is_not_waited_for(
    impatient: None, port: TcpEngine, beginning: bytes
) -> None:
    reader, writer = await asyncio.open_connection(port.address.host, port.address.port)
    writer.write(beginning)
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(30):
            while True:
                writer.write(b"X: y\r\n" if beginning.endswith(b"\n") else b"")
                await writer.drain()
                if reader.at_eof():
                    raise ConnectionResetError
                await asyncio.sleep(0.05)
    writer.close()


async def test_a_body_that_never_ends_is_not_waited_for(impatient: None, port: TcpEngine) -> None:
    answer = await answer_to(port, {"Content-Length": "1000"}, body=b"{")
    assert status_of(answer) == 408
