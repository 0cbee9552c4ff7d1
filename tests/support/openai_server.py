"""A small OpenAI-compatible server inside the test, which says what it is told to say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class OpenAiServer:
    """What is answered, and what was asked.

    Attributes:
        texts: The chunks of every answer.
        finish_reason: With the last chunk.
        status: Of every answer; anything but 200 is a refusal with `refusal` as body.
        headers: Of a refusal.
        models: What `/models` lists.
        is_endless: Never end an answer.
        newline: Between lines of the stream.
        bodies: Bodies that arrived.
        paths: Paths that were asked for.
        keys: `Authorization` of each request.
        num_closed: Streams whose client went away.
    """

    texts: list[str] = field(default_factory=lambda: ["range", "(10):"])
    finish_reason: str = "stop"
    status: int = 200
    refusal: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    models: list[str] = field(default_factory=lambda: ["coder"])
    is_endless: bool = False
    newline: str = "\n"
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    num_closed: int = 0
    url: str = ""
    _closing: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until_closed(self, number: int) -> None:
        """Wait until so many streams were closed by their client."""
        async with self._closing:
            await self._closing.wait_for(lambda: self.num_closed >= number)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        self.keys.append(request.headers.get("Authorization"))
        if request.path.endswith("/models"):
            return web.json_response({"data": [{"id": name} for name in self.models]})
        is_endless = self.is_endless
        self.bodies.append(await request.json())
        if self.status != 200:
            return web.Response(status=self.status, text=self.refusal, headers=self.headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        is_chat = request.path.endswith("/chat/completions")
        try:
            for text in self.texts:
                choice = {"delta": {"content": text}} if is_chat else {"text": text}
                await self._send(response, {"choices": [{**choice, "finish_reason": None}]})
            while is_endless:
                await self._send(response, {"choices": []})
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            # The test server cancels the handler of a client that went away.
            async with self._closing:
                self.num_closed += 1
                self._closing.notify_all()
            raise
        last: dict[str, Any] = {"delta": {}} if is_chat else {"text": ""}
        await self._send(response, {"choices": [{**last, "finish_reason": self.finish_reason}]})
        usage = {"prompt_tokens": 9, "completion_tokens": 2}
        await self._send(response, {"choices": [], "usage": usage})
        await response.write(f"data: [DONE]{self.newline * 2}".encode())
        return response

    async def _send(self, response: web.StreamResponse, chunk: dict[str, Any]) -> None:
        lines = f": a comment{self.newline}data: {json.dumps(chunk)}{self.newline * 2}"
        await response.write(lines.encode())


@asynccontextmanager
async def openai_server() -> AsyncIterator[OpenAiServer]:
    """Serve on a free port of loopback."""
    server = OpenAiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    async with TestServer(app, host="127.0.0.1") as listening:
        server.url = str(listening.make_url("/v1"))
        yield server
