"""Have the model write for an action: one request, read until it ends or a rule ends it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import msgspec

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.gathering import ContextSource
from lsp_server.completion.loading import LoadingReporter
from lsp_server.completion.model_knowledge import ModelKnowledge
from lsp_server.context.query import Block
from lsp_server.engine.api import (
    EndEvent,
    EndReason,
    Engine,
    GenerateRequest,
    Limits,
    LoadingEvent,
    Priority,
    Segment,
    StopRules,
    TextEvent,
)
from lsp_server.engine.error_reports import error_of
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import ActionError
from lsp_server.settings.schema import Settings

#: Returns how much of a text to keep once it is over, or `None` while it goes on.
Stop = Callable[[str], int | None]
#: Takes how many tokens were written so far.
OnProgress = Callable[[int], None]

#: An answer takes no more than this share of the context: the prompt has to fit, too.
_MAX_SHARE_OF_CONTEXT = 0.4
#: Who waits for an action waits for other files to be read, too.
_MIN_CONTEXT_MS = 250
_REQUEST_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Order:
    """What the model is asked.

    Attributes:
        uri: The document that it is about.
        segments: The prompt.
        forced_prefix: What the answer begins with although it stands in the document already.
        stop_texts: The answer ends before the first of these.
        max_lines: The answer ends after so many lines; `None` for any number.
    """

    uri: str
    segments: tuple[Segment, ...]
    forced_prefix: str = ""
    stop_texts: tuple[str, ...] = ()
    max_lines: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote.

    Attributes:
        text: The text.
        is_finished: Whether it came to an end by itself or by a rule, and not by a limit.
    """

    text: str
    is_finished: bool


def ignore_progress(num_tokens: int) -> None:
    """Take progress, and do nothing with it."""
    del num_tokens


def never_stop(text: str) -> None:
    """Let the model go on."""
    del text


class Generator:
    """Asks the model of the settings on behalf of a person who waits."""

    def __init__(self, engine: Engine, settings: Settings, loading: LoadingReporter) -> None:
        self._engine = engine
        self._model = settings.model.name
        self._limits = settings.actions
        self._loading = loading
        self._knowledge = ModelKnowledge(engine, self._model, loading)
        self._context = ContextSource(
            msgspec.structs.replace(
                settings.completion,
                context_ms=max(settings.completion.context_ms, _MIN_CONTEXT_MS),
            )
        )

    async def context(self, cursor: Cursor) -> tuple[Block, ...]:
        """Return what other files define that is used at a place; nothing without a project.

        Raises:
            BantamError: The model cannot be used.
        """
        return await self._context.blocks(cursor, await self.info())

    async def info(self) -> ModelInfo:
        """Return the model's description; loads it first if need be.

        Raises:
            BantamError: The model cannot be used.
        """
        return await self._knowledge.info()

    def max_tokens(self, info: ModelInfo) -> int:
        """Return how long an answer may be."""
        return min(self._limits.max_tokens, int(info.context_tokens * _MAX_SHARE_OF_CONTEXT))

    async def write(
        self, order: Order, on_progress: OnProgress = ignore_progress, stop: Stop = never_stop
    ) -> Written:
        """Have the model write.  Cancelling this closes the stream.

        Raises:
            BantamError: The engine or the model failed.
        """
        info = await self._knowledge.info()
        request = self._request(order, self.max_tokens(info))
        written = await self._read(request, on_progress, stop, can_wait_for_model=False)
        if written is None:
            # Loading inside a request would count against its time limit.
            await self._knowledge.load_again()
            written = await self._read(request, on_progress, stop, can_wait_for_model=True)
        assert written is not None, "a request that waits for the model has an answer"
        return written

    async def aclose(self) -> None:
        """Stop waiting for the model."""
        self._context.close()
        await self._knowledge.aclose()

    def _request(self, order: Order, max_tokens: int) -> GenerateRequest:
        return GenerateRequest(
            request_id=f"action-{next(_REQUEST_NUMBERS)}",
            model=self._model,
            segments=order.segments,
            # Another key than that of completions, which would end an action's request.
            document_key=f"action {order.uri}",
            forced_prefix=order.forced_prefix,
            priority=Priority.ACTION,
            limits=Limits(max_tokens=max_tokens, max_ms=self._limits.max_ms),
            stop=StopRules(texts=order.stop_texts, max_lines=order.max_lines),
        )

    async def _read(
        self,
        request: GenerateRequest,
        on_progress: OnProgress,
        stop: Stop,
        *,
        can_wait_for_model: bool,
    ) -> Written | None:
        """Return what was written; `None` if the model has to be loaded and we do not wait."""
        text, num_tokens = "", 0
        with self._loading.watching() as on_loading:
            async with aclosing(self._engine.generate(request)) as events:
                async for event in events:
                    match event:
                        case LoadingEvent() if not can_wait_for_model:
                            return None
                        case LoadingEvent():
                            on_loading(event)
                        case TextEvent():
                            text += event.text
                            num_tokens += len(event.tokens)
                            on_progress(num_tokens)
                            if (num_kept := stop(text)) is not None:
                                return Written(text[:num_kept], is_finished=True)
                        case EndEvent():
                            return _ended(text, event)
        raise AssertionError("every stream of an engine ends with an end event")


def _ended(text: str, end: EndEvent) -> Written:
    if end.error is not None:
        raise error_of(end.error)
    if end.reasons and end.reasons[0] in (EndReason.CANCELLED, EndReason.SUPERSEDED):
        raise ActionError("the engine ended this action for another request; ask for it again")
    return Written(text, is_finished=end.reasons[:1] == (EndReason.STOP,))
