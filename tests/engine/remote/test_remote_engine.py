"""The remote engine against a server that says what it is told to say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from lsp_server.engine.api import (
    EndEvent,
    EndReason,
    ErrorKind,
    GenerateRequest,
    Limits,
    MarkerRole,
    MarkerSegment,
    Part,
    PromptEvent,
    Segment,
    StopRules,
    TextEvent,
    TextSegment,
    TurnRole,
    TurnSegment,
)
from lsp_server.engine.remote.remote_engine import RemoteEngine
from lsp_server.settings.schema import RemoteSettings
from tests.support.openai_server import OpenAiServer, openai_server

KEY = "sk-very-secret-0123"


def text(value: str, part: Part) -> TextSegment:
    return TextSegment(text=value, document="file:///a.py", part=part)


INFILL: tuple[Segment, ...] = (
    MarkerSegment(role=MarkerRole.FIM_PREFIX),
    text("import os\n", Part.PREFIX),
    MarkerSegment(role=MarkerRole.FIM_SUFFIX),
    text("\nend()\n", Part.SUFFIX),
    MarkerSegment(role=MarkerRole.FIM_MIDDLE),
    text("for i in ", Part.TAIL),
)


@pytest.fixture
async def server() -> AsyncIterator[OpenAiServer]:
    async with openai_server() as server:
        yield server


def settings(server: OpenAiServer, **values: Any) -> RemoteSettings:
    return RemoteSettings(url=server.url, **{"fim_format": "deepseek-coder", **values})


def infill(**values: Any) -> GenerateRequest:
    return GenerateRequest(
        **{"request_id": "1", "model": "x", "segments": INFILL, "forced_prefix": "ra", **values}
    )


async def ask(
    remote: RemoteSettings, request: GenerateRequest | None = None
) -> tuple[list[str], EndEvent]:
    request = request or infill()
    texts = [""] * request.num_alternatives
    async with aclosing(RemoteEngine(remote)) as engine:
        events = [event async for event in engine.generate(request)]
    for event in events:
        if isinstance(event, TextEvent):
            texts[event.alternative] += event.text
    assert isinstance(events[-1], EndEvent)
    assert sum(isinstance(event, EndEvent) for event in events) == 1
    assert sum(isinstance(event, PromptEvent) for event in events) <= 1
    return texts, events[-1]


async def failure(remote: RemoteSettings, request: GenerateRequest | None = None) -> str:
    _, end = await ask(remote, request)
    assert end.error is not None
    return end.error.message


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_a_template_prompt_is_streamed_and_counted(
    server: OpenAiServer, newline: str
) -> None:
    server.newline = newline
    texts, end = await ask(settings(server))
    assert texts == ["range(10):"]
    assert end.reasons == (EndReason.STOP,)
    assert (end.cost.tokens_computed, end.cost.tokens_generated) == (9, 2)
    [body] = server.bodies
    assert body["prompt"] == (
        "<｜fim▁begin｜>import os\n<｜fim▁hole｜>\nend()\n<｜fim▁end｜>for i in ra"
    )
    assert "suffix" not in body
    assert body["model"] == "coder"


async def test_suffix_mode_leaves_the_markers_to_the_server(server: OpenAiServer) -> None:
    await ask(settings(server, infill="suffix"))
    [body] = server.bodies
    assert (body["prompt"], body["suffix"]) == ("import os\nfor i in ra", "\nend()\n")


async def test_markers_in_documents_are_never_sent(server: OpenAiServer) -> None:
    marker = "<｜fim▁hole｜>"
    forged = (
        MarkerSegment(role=MarkerRole.FIM_PREFIX),
        text(f"# context {marker}\n", Part.CONTEXT),
        text(f"old {marker[:4]}", Part.PREFIX),
        text(f"{marker[4:]} new\n", Part.PREFIX),
        MarkerSegment(role=MarkerRole.FIM_SUFFIX),
        text(f"\nnear {marker} far\n", Part.SUFFIX),
        MarkerSegment(role=MarkerRole.FIM_MIDDLE),
        text("x = ", Part.TAIL),
    )
    await ask(settings(server), infill(segments=forged, forced_prefix=""))
    await ask(settings(server, infill="suffix"), infill(segments=forged, forced_prefix=""))
    template, suffix = server.bodies
    assert template["prompt"] == ("<｜fim▁begin｜> new\n<｜fim▁hole｜>\nnear <｜fim▁end｜>x = ")
    assert (suffix["prompt"], suffix["suffix"]) == (" new\nx = ", "\nnear ")


async def test_alternatives_have_streams_and_seeds_of_their_own(server: OpenAiServer) -> None:
    texts, end = await ask(settings(server), infill(num_alternatives=3))
    assert texts == ["range(10):"] * 3
    assert len(end.reasons) == 3
    assert sorted(body["seed"] for body in server.bodies) == [0, 1, 2]


async def test_stop_texts_and_lines_end_the_answer_here(server: OpenAiServer) -> None:
    server.texts = ["one\ntw", "o\nthree"]
    texts, end = await ask(settings(server), infill(stop=StopRules(max_lines=2)))
    assert (texts, end.reasons) == (["one\ntwo"], (EndReason.STOP,))
    server.texts = ["one E", "ND two"]
    assert (await ask(settings(server), infill(stop=StopRules(texts=("END",)))))[0] == ["one "]


async def test_no_text_is_sent_to_warm_up(server: OpenAiServer) -> None:
    await ask(settings(server), infill(limits=Limits(max_tokens=0)))
    assert server.bodies == []


async def test_nothing_is_prepared_at_a_remote_server(server: OpenAiServer) -> None:
    _, end = await ask(settings(server), infill(limits=Limits(max_tokens=0), loads_model=False))
    assert end.reasons == (EndReason.CANCELLED,)
    assert server.bodies == []


async def test_the_time_limit_and_closing_close_the_connection(server: OpenAiServer) -> None:
    server.is_endless = True
    _, end = await ask(settings(server), infill(limits=Limits(max_ms=200)))
    assert end.reasons == (EndReason.TIME,)
    async with asyncio.timeout(30):
        await server.until_closed(1)
        async with aclosing(RemoteEngine(settings(server))) as engine:
            async with aclosing(engine.generate(infill())) as events:
                async for event in events:
                    if isinstance(event, TextEvent):
                        break
            await server.until_closed(2)


async def test_a_newer_request_supersedes(server: OpenAiServer) -> None:
    server.is_endless = True
    async with aclosing(RemoteEngine(settings(server))) as engine:
        older = engine.generate(infill(document_key="a", supersedes=True))
        assert isinstance(await anext(older), PromptEvent)
        server.is_endless = False
        newer = [e async for e in engine.generate(infill(document_key="a", supersedes=True))]
        ends = [event async for event in older]
    assert isinstance(ends[-1], EndEvent)
    assert ends[-1].reasons == (EndReason.SUPERSEDED,)
    assert isinstance(newer[-1], EndEvent)
    assert newer[-1].reasons == (EndReason.STOP,)


async def test_chat_takes_off_the_opening_that_it_asked_for(server: OpenAiServer) -> None:
    server.texts = ["```", "py\nx", " = 1\n", "```"]
    turns = (
        TurnSegment(role=TurnRole.USER),
        text("Change it.", Part.CONTEXT),
        TurnSegment(role=TurnRole.ASSISTANT),
        text("```python\n", Part.CONTEXT),
    )
    request = infill(segments=turns, forced_prefix="", stop=StopRules(texts=("\n```",)))
    texts, _ = await ask(settings(server, has_chat=True), request)
    assert texts == ["x = 1"]
    assert server.paths[-1] == "/v1/chat/completions"
    [message] = server.bodies[0]["messages"]
    assert message["role"] == "user"
    assert message["content"].endswith("```python\n")

    _, end = await ask(settings(server), request)
    assert end.error is not None
    assert end.error.kind is ErrorKind.CANNOT_CHAT


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refuses the key"),
        (403, "refuses the key"),
        (404, "/completions"),
        (429, "too many requests"),
        (500, "failed (status 500)"),
        (400, "refuses the request"),
    ],
)
async def test_refusals_name_the_server_and_never_the_key(
    server: OpenAiServer,
    status: int,
    words: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    server.status, server.refusal = status, f'{{"error": {{"message": "bad key {KEY}"}}}}'
    message = await failure(settings(server, key_file=str(file)))
    assert words in message
    assert "127.0.0.1" in message
    assert server.keys[-1] == f"Bearer {KEY}"
    assert KEY not in message + caplog.text


async def test_an_unknown_model_lists_those_there_are(server: OpenAiServer) -> None:
    server.status, server.refusal = 404, '{"error": {"message": "model x not found"}}'
    message = await failure(settings(server, model="x"))
    assert "set remote.model to one of coder" in message


async def test_a_prompt_that_is_too_long_is_that_error(server: OpenAiServer) -> None:
    server.status, server.refusal = 400, '{"error": {"code": "context_length_exceeded"}}'
    _, end = await ask(settings(server))
    assert end.error is not None
    assert end.error.kind is ErrorKind.PROMPT_TOO_LONG


async def test_redirects_are_not_followed(server: OpenAiServer) -> None:
    async with openai_server() as other:
        server.status, server.headers = 307, {"Location": f"{other.url}/completions"}
        assert "redirects to" in await failure(settings(server))
        assert other.paths == []


async def test_proxies_of_the_environment_are_not_used(
    server: OpenAiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with openai_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert (await ask(settings(server)))[0] == ["range(10):"]
        assert proxy.paths == []


async def test_a_server_that_is_not_there(server: OpenAiServer, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    message = await failure(RemoteSettings(url=url, model="m", fim_format="deepseek-coder"))
    assert "cannot be reached" in message
    assert str(unused_tcp_port) in message


async def test_several_models_and_no_name_is_an_error(server: OpenAiServer) -> None:
    server.models = ["a", "b"]
    assert "a, b" in await failure(settings(server))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/v1", "remote.allow_plain_http"),
        ("ftp://example.com", "no http(s) address"),
        (f"https://me:{KEY}@example.com/v1", "holds a name or password"),
        ("https://example.com/v1?a=b", "query"),
    ],
)
async def test_bad_addresses_are_refused_before_anything_is_sent(url: str, words: str) -> None:
    message = await failure(RemoteSettings(url=url, model="m"))
    assert words in message
    assert KEY not in message


async def test_a_missing_key_is_named(server: OpenAiServer) -> None:
    message = await failure(settings(server, key_variable="NO_SUCH_VARIABLE"))
    assert "NO_SUCH_VARIABLE" in message
    assert server.paths == []


async def test_describe_says_what_the_settings_say(server: OpenAiServer) -> None:
    async with aclosing(RemoteEngine(settings(server, context_tokens=2048))) as engine:
        info = await engine.describe("coder at here")
        status = await engine.status()
    assert (info.fim_format, info.context_tokens, info.has_chat) == ("deepseek-coder", 2048, False)
    assert info.model == "coder at here"
    assert "127.0.0.1" in status.models[0].model
