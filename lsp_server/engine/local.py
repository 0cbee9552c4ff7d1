"""The engine inside this process: models in threads of their own, streams outside."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import lsp_server
from lsp_server.engine.api import (
    PROTOCOL_VERSION,
    Cost,
    CountReply,
    CountRequest,
    EndEvent,
    EndReason,
    Event,
    GenerateRequest,
    LoadingEvent,
)
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.event_stream import EventStream
from lsp_server.engine.loaded_model import LoadModel
from lsp_server.engine.loader import make_loader
from lsp_server.engine.machine import available_memory_bytes
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.model_needs import make_measure, max_model_bytes
from lsp_server.engine.model_places import PlaceRules
from lsp_server.engine.model_pool import Memory, ModelPool
from lsp_server.engine.model_worker import ModelWorker, ReadyModel
from lsp_server.engine.status import EngineStatus
from lsp_server.errors import BantamError, EngineError
from lsp_server.settings.schema import EngineSettings

logger = logging.getLogger(__name__)

_NO_LIMIT = Memory(measure=lambda _: 0, available_bytes=lambda: None)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A request, its number, and when the engine took it (seconds of the engine's clock)."""

    request: GenerateRequest
    arrival: int
    taken_s: float

    @property
    def max_s(self) -> float | None:
        """The request's time limit in seconds."""
        max_ms = self.request.limits.max_ms
        return None if max_ms is None else max_ms / 1000.0


class LocalEngine:
    """Implements `engine.api.Engine` without another process."""

    def __init__(
        self,
        load: LoadModel,
        *,
        memory: Memory = _NO_LIMIT,
        rules: PlaceRules | None = None,
        unload_after_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start without models.

        Args:
            load: Loads a model by name, in the model's own thread.
            memory: What models take, and what there is.
            rules: How many may be loaded at once, and when one gives way to another.
            unload_after_s: Seconds without a request after which `unload_idle` unloads a model.
            clock: Monotonic seconds; limits and costs are measured with it.
        """
        self._pool = ModelPool(
            load, memory, rules or PlaceRules(), unload_after_s=unload_after_s, clock=clock
        )
        self._clock = clock
        self._started_s = clock()
        self._arrivals = itertools.count()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Continue a prompt; see `Engine.generate`."""
        if not request.loads_model and not self._pool.has_loaded(request.model):
            yield EndEvent(reasons=(EndReason.CANCELLED,) * request.num_alternatives)
            return
        stream = EventStream()
        taken = _Taken(request, next(self._arrivals), self._clock())
        run = asyncio.create_task(self._run(taken, stream))
        try:
            while True:
                event = await stream.get()
                yield event
                if isinstance(event, EndEvent):
                    return
        finally:
            run.cancel()
            await asyncio.wait([run])

    async def count(self, request: CountRequest) -> CountReply:
        """Count tokens; see `Engine.count`."""
        async with self._pool.use(request.model) as worker:
            ready = await asyncio.wrap_future(worker.ready)
            return await asyncio.to_thread(ready.preparer.count, request)

    async def tokenize(self, model: str, text: str) -> tuple[tuple[int, bytes], ...]:
        """Return id and bytes of each token of document text.

        Raises:
            BantamError: The model cannot be used.
        """
        async with self._pool.use(model) as worker:
            ready = await asyncio.wrap_future(worker.ready)
            return await asyncio.to_thread(ready.preparer.tokenize, text)

    async def describe(self, model: str) -> ModelInfo:
        """Load a model if need be and say what it is; see `Engine.describe`."""
        async with self._pool.use(model) as worker:
            await asyncio.wrap_future(worker.ready)
            return worker.info

    async def status(self) -> EngineStatus:
        """Say what is loaded and running."""
        return EngineStatus(
            pid=os.getpid(),
            package_version=lsp_server.__version__,
            protocol_version=PROTOCOL_VERSION,
            uptime_s=self._clock() - self._started_s,
            models=tuple(worker.status for worker in self._pool.workers),
            waiting=self._pool.waiting,
        )

    def unload_idle(self) -> int:
        """Unload the models that had no request for a while; return how many."""
        return self._pool.unload_idle()

    async def aclose(self) -> None:
        """End all requests, free all models and wait for their threads."""
        await self._pool.aclose()

    async def _run(self, taken: _Taken, stream: EventStream) -> None:
        """Take one request through its model; cancelling this cancels the request."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                async with asyncio.timeout(taken.max_s):
                    worker, ready = await self._get_ready(taken.request.model, stack, stream)
                job = await asyncio.to_thread(
                    ready.preparer.prepare,
                    taken.request,
                    arrival=taken.arrival,
                    taken_s=taken.taken_s,
                    emit=stream.put,
                )
                worker.submit(job)
                try:
                    await stream.ended.wait()
                finally:
                    if not stream.ended.is_set():
                        worker.cancel(taken.arrival)
        except TimeoutError:
            stream.put(self._late(taken))
        except BantamError as error:
            stream.put(EndEvent(reasons=(), error=report_of(error)))
        except Exception:
            logger.exception("request %s failed", taken.request.request_id)
            fault = EngineError("the engine failed on this request; its log says more")
            stream.put(EndEvent(reasons=(), error=report_of(fault)))

    async def _get_ready(
        self, model: str, stack: contextlib.AsyncExitStack, stream: EventStream
    ) -> tuple[ModelWorker, ReadyModel]:
        """Hold a model in `stack` and wait until it is loaded, telling the stream how far it is."""

        def listener(fraction: float) -> None:
            stream.put(LoadingEvent(model=model, fraction=fraction))

        def on_waiting(others: tuple[str, ...]) -> None:
            stream.put(LoadingEvent(model=model, fraction=0.0, waits_for=others))

        if not self._pool.has_loaded(model):
            listener(0.0)
        worker = await stack.enter_async_context(self._pool.use(model, on_waiting))
        if worker.ready.done():
            return worker, worker.ready.result()
        with worker.reporting_to(listener):
            return worker, await asyncio.wrap_future(worker.ready)

    def _late(self, taken: _Taken) -> EndEvent:
        """Return the end of a request whose time was over before its model was loaded."""
        return EndEvent(
            reasons=(EndReason.TIME,) * taken.request.num_alternatives,
            cost=Cost(ms_queued=(self._clock() - taken.taken_s) * 1000.0),
        )


def create_local_engine(settings: EngineSettings) -> LocalEngine:
    """Return an engine that loads any model that the settings and the catalogue allow."""
    return LocalEngine(
        make_loader(settings),
        memory=Memory(make_measure(settings), available_memory_bytes),
        rules=PlaceRules(
            max_models=settings.max_models,
            max_bytes=max_model_bytes(settings),
            quiet_s=settings.switch_quiet_s,
            share_s=settings.switch_share_s,
        ),
        unload_after_s=settings.unload_after_s,
    )
