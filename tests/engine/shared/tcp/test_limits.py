"""How much may be open at once."""

from __future__ import annotations

import asyncio
import contextlib
import io

import aiohttp
import pytest
from msgspec import json

from lsp_server.directories import Directories
from lsp_server.engine.shared.http_limits import MAX_PROMPT_CHARS, RequestLimits
from lsp_server.engine.shared.polling import wait_until
from tests.support.scripted_engine import ScriptedEngine, request, text_event
from tests.support.tcp_engine import TcpEngine, served_over_tcp

BODY = {"model": "fake", "prompt": "x", "stream": True}


@pytest.fixture
def endless(engine: ScriptedEngine) -> ScriptedEngine:
    """Let every stream send one event and then wait."""
    engine.events = (text_event("x"),)
    engine.gate = asyncio.Event()
    return engine


async def open_stream(serving: TcpEngine) -> aiohttp.ClientResponse:
    # Descriptions wait for the gate, too, so that the engine's own endpoint is used.
    return await serving.http.post("/bantam/v1/generate", data=json.encode(request()))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (RequestLimits(max_streams=2), "2 generating requests are open"),
        (RequestLimits(max_streams_of_client=2), "2 generating requests of this client"),
        (RequestLimits(max_requests_of_client=2), "2 requests of this client"),
    ],
)
async def test_too_many_streams_are_refused_and_come_again_later(
    endless: ScriptedEngine, bantam_directories: Directories, limits: RequestLimits, words: str
) -> None:
    async with served_over_tcp(endless, bantam_directories, limits=limits) as serving:
        first, second = [await open_stream(serving) for _ in range(2)]
        third = await open_stream(serving)
        assert third.status == 429
        assert third.headers["Retry-After"] == "1"
        assert words in await third.text()
        first.close()
        await wait_until(lambda: endless.num_open == 1, 30)
        for _ in range(1_000):
            again = await open_stream(serving)
            if again.status == 200:
                break
        assert again.status == 200
        again.close()
        second.close()


async def test_other_requests_are_answered_while_streams_are_full(
    endless: ScriptedEngine, bantam_directories: Directories
) -> None:
    limits = RequestLimits(max_streams=1)
    async with served_over_tcp(endless, bantam_directories, limits=limits) as serving:
        stream = await open_stream(serving)
        async with serving.http.get("/v1/models") as answer:
            assert answer.status == 200
        stream.close()


async def test_too_many_connections_are_closed_at_once(
    engine: ScriptedEngine, bantam_directories: Directories
) -> None:
    limits = RequestLimits(max_connections=3)
    async with served_over_tcp(engine, bantam_directories, limits=limits) as serving:
        ends = [
            await asyncio.open_connection(serving.address.host, serving.address.port)
            for _ in range(4)
        ]
        reader, _ = ends[-1]
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        for _, writer in ends:
            writer.close()


async def test_a_prompt_that_no_model_reads_is_refused(
    engine: ScriptedEngine, bantam_directories: Directories
) -> None:
    async with served_over_tcp(engine, bantam_directories) as serving:
        body = io.BytesIO(json.encode(request("x" * (MAX_PROMPT_CHARS + 1))))
        async with serving.http.post("/bantam/v1/generate", data=body) as answer:
            assert answer.status == 400
            assert str(MAX_PROMPT_CHARS) in await answer.text()
    assert engine.requests == []
