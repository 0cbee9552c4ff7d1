"""An engine that does what a test tells it, for tests of what stands between it and a client."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from lsp_server.engine.api import (
    PROTOCOL_VERSION,
    CountReply,
    CountRequest,
    EndEvent,
    EndReason,
    Event,
    GenerateRequest,
    Part,
    TextEvent,
    TextSegment,
    TokenText,
)
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.status import EngineStatus, LoadedModel
from lsp_server.version import __version__


def request(text: str = "x = ", **fields: object) -> GenerateRequest:
    """Return a small request; `fields` replace its defaults."""
    values: dict[str, object] = {
        "request_id": "r1",
        "model": "fake",
        "segments": (TextSegment(text=text, document="a.py", part=Part.PREFIX),),
        **fields,
    }
    return GenerateRequest(**values)  # type: ignore[arg-type]  # a factory with defaults


def text_event(text: str, alternative: int = 0) -> TextEvent:
    """Return an event that adds one token."""
    return TextEvent(alternative=alternative, tokens=(TokenText(text=text),))


END = EndEvent(reasons=(EndReason.STOP,))
INFO = ModelInfo(
    model="fake",
    description="Fake",
    architecture="fake",
    context_tokens=2048,
    fim_format="deepseek-coder",
    fim_reason="scripted",
    chars_per_token=3.5,
)


@dataclass
class ScriptedEngine:
    """Implements `Engine`.

    Attributes:
        events: What every stream yields; an exception is raised in its place.
        is_endless: Go on with the first event for ever.
        gate: Streams, counts and descriptions wait for it before they go on.
        failure: Raised by count and describe.
        requests: What arrived.
        num_open: Streams that are open now.
        num_closed: Streams that have ended, in whatever way.
        is_closed: Whether the engine was closed.
    """

    events: Sequence[Event | Exception] = (END,)
    is_endless: bool = False
    gate: asyncio.Event | None = None
    failure: Exception | None = None
    requests: list[object] = field(default_factory=list)
    num_open: int = 0
    num_closed: int = 0
    is_closed: bool = False

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        self.num_open += 1
        try:
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                yield event
            if self.gate is not None:
                await self.gate.wait()
            while self.is_endless:
                first = self.events[0]
                assert not isinstance(first, Exception)
                yield first
        finally:
            self.num_open -= 1
            self.num_closed += 1

    async def count(self, request: CountRequest) -> CountReply:
        self.requests.append(request)
        await self._wait()
        return CountReply(counts=tuple(len(text) for text in request.texts))

    async def describe(self, model: str) -> ModelInfo:
        self.requests.append(model)
        await self._wait()
        return INFO

    async def status(self) -> EngineStatus:
        return EngineStatus(
            pid=os.getpid(),
            package_version=__version__,
            protocol_version=PROTOCOL_VERSION,
            uptime_s=1.0,
            models=(
                LoadedModel(
                    model="fake", num_running=1, num_waiting=0, cells_used=3, cells_total=9
                ),
            ),
        )

    async def aclose(self) -> None:
        self.is_closed = True

    async def _wait(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self.gate is not None:
            await self.gate.wait()
