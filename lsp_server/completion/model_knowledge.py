"""What has to be known of the model before a prompt can be written for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing

from lsp_server.completion.loading import LoadingReporter
from lsp_server.engine.api import (
    EndEvent,
    Engine,
    GenerateRequest,
    Limits,
    LoadingEvent,
    Part,
    TextSegment,
)
from lsp_server.engine.error_reports import error_of
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import BantamError, EngineStoppedError

logger = logging.getLogger(__name__)

#: An engine that is measuring a model is asked again after this time: a few seconds of pauses.
_ASK_AGAIN_AFTER_S = 30.0

#: Asking for no token of this loads a model and tells how far it is.
_NEXT_TO_NOTHING = TextSegment(text="\n", document="", part=Part.CONTEXT)


class ModelKnowledge:
    """Loads the model once and remembers its description.

    Keystrokes come and go while a model is being loaded: a question that is cancelled
    does not cancel the loading, and all questions wait for the same one.
    """

    def __init__(
        self,
        engine: Engine,
        model: str,
        loading: LoadingReporter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._model = model
        self._loading = loading
        self._clock = clock
        self._learning: asyncio.Task[ModelInfo] | None = None
        self._asking_again: asyncio.Task[None] | None = None
        self._learnt_s = clock()
        self._is_closed = False

    @property
    def known(self) -> ModelInfo | None:
        """The model's description, if it was loaded before."""
        if self._learning is None or not self._learning.done() or _has_failed(self._learning):
            return None
        return self._learning.result()

    async def info(self) -> ModelInfo:
        """Return the model's description; loads it first if need be.

        Raises:
            ModelError: The model cannot be used.
            EngineError: The engine could not answer, or this is closed.
        """
        if self._is_closed:
            raise EngineStoppedError(
                "the settings were changed, or the editor was closed, while this request was "
                "running; ask again"
            )
        if self._learning is None or _has_failed(self._learning):
            self._learning = asyncio.create_task(self._learn(), name="learn about the model")
            # When every question was cancelled meanwhile, nobody else looks at a failure; the
            # next question tries again and reports its own.
            self._learning.add_done_callback(lambda task: task.cancelled() or task.exception())
        info = await asyncio.shield(self._learning)
        self._ask_again_if_due(info)
        return info

    async def load_again(self) -> ModelInfo:
        """Load the model that the engine has unloaded, and return its description.

        Raises:
            ModelError: The model cannot be used.
            EngineError: The engine could not answer.
        """
        if self._learning is not None and self._learning.done():
            self._learning = None
        return await self.info()

    async def aclose(self) -> None:
        """Stop waiting for the model; may be called twice."""
        self._is_closed = True
        tasks = [task for task in (self._learning, self._asking_again) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _learn(self) -> ModelInfo:
        with self._loading.watching() as on_event:
            await self._load(on_event)
        self._learnt_s = self._clock()
        return await self._engine.describe(self._model)

    def _ask_again_if_due(self, info: ModelInfo) -> None:
        """Hear what was measured meanwhile; nobody waits for it."""
        is_due = self._clock() - self._learnt_s >= _ASK_AGAIN_AFTER_S
        if info.is_measuring and is_due and not self._is_closed:
            self._learnt_s = self._clock()
            self._asking_again = asyncio.create_task(self._ask_again(), name="ask again")

    async def _ask_again(self) -> None:
        try:
            info = await self._engine.describe(self._model)
        except BantamError as error:
            logger.info("what was measured of %s is not known: %s", self._model, error)
            return
        self._learning = asyncio.create_task(_known(info), name="the model as it is known")

    async def _load(self, on_event: Callable[[LoadingEvent], None]) -> None:
        request = GenerateRequest(
            request_id="load",
            model=self._model,
            segments=(_NEXT_TO_NOTHING,),
            limits=Limits(max_tokens=0),
        )
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, LoadingEvent):
                    on_event(event)
                elif isinstance(event, EndEvent) and event.error is not None:
                    raise error_of(event.error)


async def _known(info: ModelInfo) -> ModelInfo:
    return info


def _has_failed(task: asyncio.Task[ModelInfo]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
