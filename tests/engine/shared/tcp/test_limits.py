"""How much may be open at once."""

from __future__ import annotations

import asyncio
import contextlib
import io

import aiohttp
import pytest
from msgspec import json

from lsp_server.directories import Directories
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared.http_limits import RequestLimits
from lsp_server.engine.shared.polling import wait_until
from lsp_server.settings.schema import EngineSettings
from tests.support.scripted_engine import ScriptedEngine, request, text_event
from tests.support.tcp_engine import TcpEngine, served_over_tcp

BODY = {"model": "fake", "prompt": "x", "stream": True}


@pytest.fixture
def endless(engine: ScriptedEngine) -> ScriptedEngine:
    """Let every stream send one event and then wait."""
    engine.events = (text_event("x"),)
    engine.gate = asyncio.Event()
    return engine


async def open_stream(serving: TcpEngine, agent: str = "tool") -> aiohttp.ClientResponse:
    # Descriptions wait for the gate, too, so that the engine's own endpoint is used.
    return await serving.http.post(
        "/bantam/v1/generate", data=json.encode(request()), headers={"User-Agent": agent}
    )


def close_all(answers: list[aiohttp.ClientResponse]) -> None:
    for answer in answers:
        answer.close()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (RequestLimits(max_streams=3), "2 generating requests over TCP are open"),
        (RequestLimits(max_client_streams=2), "2 generating requests of this client"),
        (RequestLimits(max_client_requests=2), "2 requests of this client"),
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


async def test_a_prompt_over_the_limit_is_refused(
    engine: ScriptedEngine, bantam_directories: Directories
) -> None:
    limits = RequestLimits(max_prompt_chars=1_000)
    async with served_over_tcp(engine, bantam_directories, limits=limits) as serving:
        body = io.BytesIO(json.encode(request("x" * 1_001)))
        async with serving.http.post("/bantam/v1/generate", data=body) as answer:
            assert answer.status == 400
            text = await answer.text()
    assert "1001 characters; the limit is 1000" in text
    assert "engine.max_prompt_chars" in text
    assert engine.requests == []


async def test_a_body_over_the_limit_is_refused_with_the_setting(
    engine: ScriptedEngine, bantam_directories: Directories
) -> None:
    limits = RequestLimits(max_body_bytes=2_000)
    async with served_over_tcp(engine, bantam_directories, limits=limits) as serving:
        body = io.BytesIO(json.encode(request("x" * 2_000)))
        async with serving.http.post("/bantam/v1/generate", data=body) as answer:
            assert answer.status == 413
            text = await answer.text()
    assert "the limit is 2000 bytes" in text
    assert "engine.max_body_mib" in text
    assert engine.requests == []


async def test_programs_over_tcp_have_limits_of_their_own(
    endless: ScriptedEngine, bantam_directories: Directories
) -> None:
    limits = RequestLimits(max_client_streams=1)
    async with served_over_tcp(endless, bantam_directories, limits=limits) as serving:
        agents = ("vim/9", "vim/9 (more words)", "OpenAI/Python 1.0", "<b>odd\u00e9</b>")
        answers = [await open_stream(serving, agent) for agent in agents]
        assert [answer.status for answer in answers] == [200, 429, 200, 200]
        status = await serving.http.get("/bantam/v1/status", headers={"User-Agent": "curl/8"})
        clients = (await status.json())["clients"]
        close_all(answers)
    assert [(one["name"], one["num_requests"]) for one in clients] == [
        ("TCP OpenAI/Python", 1),
        ("TCP bodd/b", 1),
        ("TCP curl/8", 1),
        ("TCP vim/9", 1),
    ]


async def test_tools_over_tcp_leave_room_for_editors(
    endless: ScriptedEngine, bantam_directories: Directories
) -> None:
    limits = RequestLimits(max_streams=4)
    async with served_over_tcp(endless, bantam_directories, limits=limits) as serving:
        answers = [await open_stream(serving, f"tool{number}") for number in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        editor = EngineClient(bantam_directories, start=False)
        stream = editor.generate(request())
        assert await anext(stream) == text_event("x")
        await stream.aclose()
        await editor.aclose()
        close_all(answers)


def test_settings_say_the_limits() -> None:
    assert RequestLimits.of(EngineSettings()) == RequestLimits()
    changed = EngineSettings(
        max_body_mib=2,
        max_prompt_chars=5_000,
        max_connections=9,
        max_client_requests=8,
        max_streams=7,
        max_client_streams=6,
    )
    assert RequestLimits.of(changed) == RequestLimits(2 * 2**20, 5_000, 9, 8, 7, 6)
