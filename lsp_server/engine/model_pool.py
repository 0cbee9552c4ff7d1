"""Which models are loaded: loads on demand, and lets one give way to another that waits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from dataclasses import dataclass

from lsp_server.engine.loaded_model import LoadModel, MeasureModel
from lsp_server.engine.model_places import (
    Newcomer,
    PlaceRules,
    Resident,
    choose_leaving,
    fits,
    has_had_share,
)
from lsp_server.engine.model_worker import ModelWorker, ReadyModel
from lsp_server.engine.status import WaitingModel
from lsp_server.engine.waiting_line import WaitingLine
from lsp_server.errors import EngineStoppedError

#: How often a request that waits looks whether the other model was quiet for long enough.
_LOOK_EVERY_S = 0.1

#: Told which models have to go before the one that is wanted can be loaded; must not block.
WaitingListener = Callable[[tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class Memory:
    """What models take, and what there is.

    Attributes:
        measure: Says how many bytes a model will take.
        available_bytes: Says what the machine has left; `None` if that is not known.
    """

    measure: MeasureModel
    available_bytes: Callable[[], int | None]


@dataclass(slots=True)
class _Entry:
    """A worker, how many use it, and when what happened to it (in seconds)."""

    worker: ModelWorker
    started_s: float
    num_users: int
    idle_since_s: float
    ready_s: float | None = None


class ModelPool:
    """The loaded models of one engine.  Its methods may be called from any thread."""

    def __init__(
        self,
        load: LoadModel,
        memory: Memory,
        rules: PlaceRules,
        *,
        unload_after_s: float,
        clock: Callable[[], float],
    ) -> None:
        """Start without models.

        Args:
            load: Loads a model by name.
            memory: What models take, and what there is.
            rules: How many may be loaded at once, and when one gives way.
            unload_after_s: Seconds without a request after which a model is unloaded.
            clock: Monotonic seconds.
        """
        self._load = load
        self._memory = memory
        self._rules = rules
        self._unload_after_s = unload_after_s
        self._clock = clock
        #: Guards everything below.
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._line = WaitingLine()
        self._changes: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._is_closed = False

    @property
    def workers(self) -> tuple[ModelWorker, ...]:
        """The workers of all models that are loaded, being loaded or being unloaded."""
        with self._lock:
            return tuple(entry.worker for entry in self._entries.values())

    @property
    def waiting(self) -> tuple[WaitingModel, ...]:
        """The models that wait for a place, the next one first."""
        now_s = self._clock()
        with self._lock:
            return tuple(
                WaitingModel(
                    model=model,
                    num_requests=num_requests,
                    waited_s=now_s - self._line.since_s(model),
                )
                for model, num_requests in self._line.num_requests.items()
            )

    def has_loaded(self, model: str) -> bool:
        """Return whether a model is loaded and stays."""
        return any(
            worker.model == model and worker.ready.done() and not worker.is_stopping
            for worker in self.workers
        )

    @contextlib.asynccontextmanager
    async def use(
        self, model: str, on_waiting: WaitingListener = lambda _: None
    ) -> AsyncGenerator[ModelWorker, None]:
        """Hold a model's worker; it is not unloaded meanwhile.

        Where it does not fit beside the others, this waits for one of them to give way.

        Args:
            model: The name that requests use.
            on_waiting: Told for which models it waits, whenever that changes.

        Raises:
            EngineStoppedError: The engine is closed.
            BantamError: There is no such model; none is unloaded for it.
        """
        worker = await self._acquire(model, on_waiting)
        try:
            yield worker
        finally:
            self._release(model, worker)

    def unload_idle(self) -> int:
        """Unload the models that had no request for `unload_after_s`; return how many."""
        now_s = self._clock()
        with self._lock:
            idle = [
                entry.worker
                for entry in self._entries.values()
                if entry.num_users == 0 and now_s - entry.idle_since_s >= self._unload_after_s
            ]
            return sum(_stop_once(worker) for worker in idle)

    async def aclose(self) -> None:
        """End all requests and free all models; waits for it."""
        with self._lock:
            self._is_closed = True
            workers = [entry.worker for entry in self._entries.values()]
        for worker in workers:
            worker.stop()
        self._announce_change()
        for worker in workers:
            await asyncio.to_thread(worker.join)

    async def _acquire(self, model: str, on_waiting: WaitingListener) -> ModelWorker:
        """Return a worker with one more user; waits in the line if need be."""
        request = object()
        change = (asyncio.get_running_loop(), asyncio.Event())
        num_bytes: int | None = None
        told: tuple[str, ...] = ()
        self._changes.append(change)
        try:
            while True:
                if num_bytes is None and self._has_others(model):
                    num_bytes = await asyncio.to_thread(self._memory.measure, model)
                worker = self._try_acquire(model, request, num_bytes)
                if worker is not None:
                    return worker
                in_the_way = self._in_the_way_of(model)
                if in_the_way != told:
                    told = in_the_way
                    on_waiting(in_the_way)
                # Not `wait_for`, which may swallow a cancellation before Python 3.12.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await change[1].wait()
                change[1].clear()
        finally:
            self._changes.remove(change)
            with self._lock:
                self._line.leave(model, request, self._clock())
            self._announce_change()

    def _has_others(self, model: str) -> bool:
        """Return whether a model that is not loaded may have to share memory with others."""
        with self._lock:
            return bool(self._entries) and model not in self._entries

    def _in_the_way_of(self, model: str) -> tuple[str, ...]:
        """Return for which models one waits: those that are there, and the one that is next."""
        with self._lock:
            others = {*self._entries, *([self._line.first] if self._line.first else [])}
            return tuple(sorted(others - {model}))

    def _try_acquire(
        self, model: str, request: object, num_bytes: int | None
    ) -> ModelWorker | None:
        """Return a worker with one more user, or `None`: others go first, or have to go first."""
        now_s = self._clock()
        with self._lock:
            if self._is_closed:
                raise EngineStoppedError("the engine is closed: start it again")
            entry = self._entries.get(model)
            if entry is not None and self._takes_requests(entry, now_s):
                self._line.serve(model)
                entry.num_users += 1
                return entry.worker
            since_s = self._line.join(model, request, now_s)
            if entry is not None or self._line.first != model:
                return None
            if self._entries and num_bytes is None:
                return None
            if self._has_room(Newcomer(model, num_bytes or 0, since_s), now_s):
                self._line.serve(model)
                return self._start(model, now_s)
            return None

    def _takes_requests(self, entry: _Entry, now_s: float) -> bool:
        """Return whether a loaded model may be used: not if it had its share and one waits."""
        if entry.worker.is_stopping:
            return False
        first = self._line.first
        if first is None or first in self._entries:
            return True
        since_s = self._line.since_s(first)
        return not has_had_share(_resident(entry), since_s, now_s, self._rules)

    def _has_room(self, newcomer: Newcomer, now_s: float) -> bool:
        """Return whether a model can be loaded now; lets others go if that is due."""
        residents = [_resident(entry) for entry in self._entries.values()]
        available_bytes = self._memory.available_bytes()
        if fits(newcomer, residents, self._rules, available_bytes):
            return True
        for model in choose_leaving(newcomer, residents, now_s, self._rules, available_bytes):
            _stop_once(self._entries[model].worker)
        return False

    def _start(self, model: str, now_s: float) -> ModelWorker:
        """Start to load a model and return its worker with one user, who hears if it fails."""
        worker = ModelWorker(model, self._load, self._clock, self._forget)
        entry = _Entry(worker, started_s=now_s, num_users=1, idle_since_s=now_s)
        self._entries[model] = entry
        worker.ready.add_done_callback(functools.partial(self._note_ready, entry))
        worker.start()
        return worker

    def _note_ready(self, entry: _Entry, _ready: Future[ReadyModel]) -> None:
        with self._lock:
            entry.ready_s = self._clock()
        self._announce_change()

    def _release(self, model: str, worker: ModelWorker) -> None:
        with self._lock:
            entry = self._entries.get(model)
            if entry is not None and entry.worker is worker:
                entry.num_users -= 1
                entry.idle_since_s = self._clock()
        self._announce_change()

    def _forget(self, worker: ModelWorker) -> None:
        """Take out a worker whose thread ends."""
        with self._lock:
            del self._entries[worker.model]
        self._announce_change()

    def _announce_change(self) -> None:
        for loop, event in list(self._changes):
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)


def _resident(entry: _Entry) -> Resident:
    ready_s = entry.ready_s
    return Resident(
        model=entry.worker.model,
        num_bytes=entry.worker.num_bytes,
        num_users=entry.num_users,
        load_s=0.0 if ready_s is None else ready_s - entry.started_s,
        ready_s=ready_s,
        idle_since_s=entry.idle_since_s,
        is_leaving=entry.worker.is_stopping,
    )


def _stop_once(worker: ModelWorker) -> bool:
    """Stop a worker; return whether it was not stopping already."""
    if worker.is_stopping:
        return False
    worker.stop()
    return True
