"""An engine that counts its requests by how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing

from lsp_server.engine.api import (
    CountReply,
    CountRequest,
    EndEvent,
    EndReason,
    Engine,
    Event,
    GenerateRequest,
    Priority,
    PromptEvent,
)
from lsp_server.engine.histogram import QUEUE_BOUNDS_S, HistogramCounter
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.shared.adapters.tokenizing import Tokenizes
from lsp_server.engine.status import EngineStatus, Histogram
from lsp_server.errors import BadRequestError


class RequestMeter:
    """What became of all requests since the process started.  Belongs to one thread."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._ends: Counter[tuple[Priority, EndReason]] = Counter()
        self._queue_seconds: dict[Priority, HistogramCounter] = {}

    @property
    def ends(self) -> dict[tuple[Priority, EndReason], int]:
        """How many requests of a priority ended for which reason."""
        return dict(self._ends)

    @property
    def queue_seconds(self) -> dict[Priority, Histogram]:
        """How long requests of a priority waited before they were computed, loading included."""
        return {priority: each.histogram for priority, each in self._queue_seconds.items()}

    def note_queue_ms(self, priority: Priority, ms: float) -> None:
        """Count how long a request waited."""
        counter = self._queue_seconds.setdefault(priority, HistogramCounter(QUEUE_BOUNDS_S))
        counter.note(ms / 1000.0)

    def note_end(self, priority: Priority, reason: EndReason) -> None:
        """Count a request that has ended."""
        self._ends[priority, reason] += 1


class MeteredEngine:
    """Implements `engine.api.Engine` with another one, and counts.

    Attributes:
        meter: What was counted.
    """

    def __init__(self, engine: Engine) -> None:
        """Start with nothing counted; the engine stays the caller's."""
        self._engine = engine
        self.meter = RequestMeter()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Continue a prompt; see `Engine.generate`."""
        # What nobody reads to its end was cancelled.
        reason = EndReason.CANCELLED
        try:
            async with aclosing(self._engine.generate(request)) as events:
                async for event in events:
                    if isinstance(event, PromptEvent):
                        self.meter.note_queue_ms(request.priority, event.cost.ms_queued)
                    if isinstance(event, EndEvent):
                        reason = _reason_of(event)
                    yield event
        except Exception:
            reason = EndReason.ERROR
            raise
        finally:
            self.meter.note_end(request.priority, reason)

    async def count(self, request: CountRequest) -> CountReply:
        """Count tokens; see `Engine.count`."""
        return await self._engine.count(request)

    async def describe(self, model: str) -> ModelInfo:
        """Load a model if need be and say what it is; see `Engine.describe`."""
        return await self._engine.describe(model)

    async def status(self) -> EngineStatus:
        """Say what is loaded and running; see `Engine.status`."""
        return await self._engine.status()

    async def tokenize(self, model: str, text: str) -> tuple[tuple[int, bytes], ...]:
        """Return the tokens of a text; see `Tokenizes`.

        Raises:
            BadRequestError: This engine shows none.
        """
        if not isinstance(self._engine, Tokenizes):
            raise BadRequestError("this engine shows no tokens; /bantam/v1/count counts them")
        return await self._engine.tokenize(model, text)

    async def aclose(self) -> None:
        """Do nothing: the engine stays the caller's."""


def _reason_of(end: EndEvent) -> EndReason:
    """Return why a request ended; several answers count as one."""
    if end.error is not None or not end.reasons:
        return EndReason.ERROR
    return end.reasons[0]
