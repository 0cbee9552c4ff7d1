"""Completions of documents with a cursor mark, and an engine that writes what a test says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from lsp_server.completion.cursor import Cursor, look_from_cursor
from lsp_server.completion.query import CompletionOutcome, CompletionQuery, OutcomeReason
from lsp_server.engine.api import (
    PROTOCOL_VERSION,
    Cost,
    CountReply,
    CountRequest,
    EndEvent,
    EndReason,
    ErrorReport,
    Event,
    GenerateRequest,
    LoadingEvent,
    PromptEvent,
    TextEvent,
    TokenText,
)
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.status import EngineStatus
from lsp_server.version import __version__
from tests.support.documents import unmark


def query_at(marked: str, **fields: object) -> CompletionQuery:
    """Return a question at the cursor mark; `fields` replace its defaults."""
    document = unmark(marked)
    values: dict[str, object] = {
        "uri": "file:///project/a.py",
        "path": "a.py",
        "language": "python",
        "text": document.text,
        "cursor": document.cursor,
        **fields,
    }
    return CompletionQuery(**values)  # type: ignore[arg-type]  # a factory with defaults


def cursor_at(marked: str, **fields: object) -> Cursor:
    """Return the document as the stages see it from the cursor mark."""
    return look_from_cursor(query_at(marked, **fields))


def accepted(query: CompletionQuery, outcome: CompletionOutcome, index: int = 0) -> str:
    """Return the document after a suggestion was taken."""
    assert outcome.suggestions, f"nothing was suggested: {outcome.reason}"
    suggestion = outcome.suggestions[index]
    return query.text[: suggestion.start] + suggestion.text + query.text[suggestion.end :]


@dataclass
class WritingEngine:
    """Implements `Engine`: writes given texts, a character a token.

    Attributes:
        texts: What it writes, one per alternative.
        end_reason: Why every alternative ends.
        error: Ends every request in place of a text.
        pause_after: Stop after so many characters until `gate` is set.
        gate: What paused requests wait for.
        fim_format: What the model can do; `None` for a model that cannot infill.
        context_tokens: A prompt with more characters than this is too long.
        loading: Fractions to report the next time the model is needed.
        requests: Requests for text, in the order they came.
        num_loads: Requests that only load.
        preparations: Requests that only compute a prompt, and load nothing.
        num_open: Streams that are open.
    """

    texts: Sequence[str] = ("",)
    end_reason: EndReason = EndReason.STOP
    error: ErrorReport | None = None
    pause_after: int | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fim_format: str | None = "deepseek-coder"
    context_tokens: int = 100_000
    loading: list[float] = field(default_factory=list)
    requests: list[GenerateRequest] = field(default_factory=list)
    num_loads: int = 0
    preparations: list[GenerateRequest] = field(default_factory=list)
    num_open: int = 0

    @property
    def prompt(self) -> str:
        """All text of the latest prompt."""
        return prompt_text(self.requests[-1])

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        self.num_open += 1
        try:
            while self.loading:
                yield LoadingEvent(model=request.model, fraction=self.loading.pop(0))
                await asyncio.sleep(0)
            if not request.loads_model:
                self.preparations.append(request)
                yield EndEvent(reasons=(EndReason.LENGTH,), error=self.error)
                return
            if request.limits.max_tokens == 0:
                self.num_loads += 1
                yield EndEvent(reasons=(EndReason.LENGTH,))
                return
            self.requests.append(request)
            async for event in self._write(request):
                yield event
        finally:
            self.num_open -= 1

    async def _write(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        num_written = 0
        yield PromptEvent(cost=Cost(tokens_computed=7))
        for alternative in range(request.num_alternatives):
            for char in self.texts[alternative % len(self.texts)]:
                if num_written == self.pause_after:
                    await self.gate.wait()
                yield TextEvent(alternative=alternative, tokens=(TokenText(text=char),))
                num_written += 1
        if num_written == self.pause_after:
            await self.gate.wait()
        reasons = (self.end_reason,) * request.num_alternatives
        cost = Cost(tokens_computed=7, tokens_generated=num_written)
        if self.error is not None:
            reasons = (EndReason.ERROR,) * request.num_alternatives
        yield EndEvent(reasons=reasons, cost=cost, error=self.error)

    async def count(self, request: CountRequest) -> CountReply:
        return CountReply(counts=tuple(len(text) for text in request.texts))

    async def describe(self, model: str) -> ModelInfo:
        return ModelInfo(
            model=model,
            description="writes what a test says",
            architecture="none",
            context_tokens=self.context_tokens,
            fim_format=self.fim_format,
            fim_reason="the test said so",
            chars_per_token=1.0,
        )

    async def status(self) -> EngineStatus:
        return EngineStatus(
            pid=os.getpid(),
            package_version=__version__,
            protocol_version=PROTOCOL_VERSION,
            uptime_s=0.0,
            models=(),
        )

    async def aclose(self) -> None:
        self.gate.set()


class Sleeper:
    """Sleeps until the test says that the time is over.

    Attributes:
        durations_s: How long it was asked to sleep, in order.
        num_sleeping: Who sleeps now.
        over: Ends all sleep.
    """

    def __init__(self) -> None:
        self.durations_s: list[float] = []
        self.num_sleeping = 0
        self.over = asyncio.Event()

    async def __call__(self, duration_s: float) -> None:
        self.durations_s.append(duration_s)
        self.num_sleeping += 1
        try:
            await self.over.wait()
        finally:
            self.num_sleeping -= 1


def prompt_text(request: GenerateRequest) -> str:
    """Return all document text of a prompt in order, with what the answer is forced to say."""
    text = "".join(getattr(segment, "text", "") for segment in request.segments)
    return text + request.forced_prefix


async def until(condition: object, *, num_turns: int = 1_000) -> None:
    """Let other tasks run until `condition()` holds."""
    assert callable(condition)
    for _ in range(num_turns):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


SHOWN = {OutcomeReason.SHOWN, OutcomeReason.REMEMBERED}
