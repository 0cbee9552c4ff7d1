"""One question to either system over its socket, answered token by token, and its times."""

from __future__ import annotations

import itertools
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from lsp_server.engine.api import (
    EndEvent,
    Engine,
    GenerateRequest,
    Limits,
    Part,
    Priority,
    TextEvent,
    TextSegment,
)
from scripts.engine_bench.ours import OurFailure
from scripts.peer.client import PeerClient


@dataclass(frozen=True, slots=True)
class Answered:
    """What one answer cost; times in seconds of `time.perf_counter`.

    Attributes:
        asked_s: When it was asked for.
        first_s: When its first text came.
        end_s: When it was complete.
        tokens_computed: Tokens of the prompt that were evaluated.
        tokens_generated: Tokens of the answer.
    """

    asked_s: float
    first_s: float
    end_s: float
    tokens_computed: int
    tokens_generated: int

    @property
    def ms_to_first(self) -> float:
        """Milliseconds until something could be seen."""
        return (self.first_s - self.asked_s) * 1_000.0


class Streams(Protocol):
    """One of the two systems, with a model loaded."""

    async def ask(self, prompt: str, document: int, max_tokens: int) -> Answered:
        """Have a text continued; one question at a time for each document, counted from 0."""
        ...


class OurStreams:
    """Implements `Streams` with our engine."""

    def __init__(self, engine: Engine, model: str, priority: Priority = Priority.ACTION) -> None:
        """Ask a running engine.

        Args:
            engine: The engine.
            model: What it has loaded.
            priority: Of every question.  Other than for ghost text, the cache keeps nothing of
                older prompts but beginnings, as the peer's does.
        """
        self._engine = engine
        self._model = model
        self._priority = priority
        self._numbers = itertools.count()

    async def ask(self, prompt: str, document: int, max_tokens: int) -> Answered:
        """See `Streams`.

        Raises:
            OurFailure: The engine failed.
        """
        key = f"document {document}"
        request = GenerateRequest(
            request_id=f"bench-{next(self._numbers)}",
            model=self._model,
            segments=(TextSegment(text=prompt, document=key, part=Part.PREFIX),),
            document_key=key,
            priority=self._priority,
            limits=Limits(max_tokens=max_tokens),
        )
        asked_s = time.perf_counter()
        first_s: float | None = None
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, TextEvent) and first_s is None:
                    first_s = time.perf_counter()
                if isinstance(event, EndEvent):
                    end_s = time.perf_counter()
                    if event.error is not None:
                        raise OurFailure(event.error.message)
                    cost = event.cost
                    return Answered(
                        *(asked_s, end_s if first_s is None else first_s, end_s),
                        *(cost.tokens_computed, cost.tokens_generated),
                    )
        raise OurFailure("the engine ended a stream without its last event")


class PeerStreams:
    """Implements `Streams` with the peer; each document has a slot."""

    def __init__(self, client: PeerClient) -> None:
        self._client = client

    async def ask(self, prompt: str, document: int, max_tokens: int) -> Answered:
        """See `Streams`."""
        asked_s = time.perf_counter()
        streamed = await self._client.stream(prompt, max_tokens=max_tokens, slot=document)
        return Answered(
            *(asked_s, streamed.first_s, time.perf_counter()),
            *(streamed.answer.tokens_computed, streamed.answer.tokens_generated),
        )
