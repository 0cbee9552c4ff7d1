"""Which models are loaded: loads on demand, unloads the least recently used."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from lsp_server.engine.loaded_model import LoadModel
from lsp_server.engine.model_worker import ModelWorker
from lsp_server.errors import EngineStoppedError


@dataclass(slots=True)
class _Entry:
    """A worker, how many use it, and since when nobody does (in seconds)."""

    worker: ModelWorker
    num_users: int
    idle_since_s: float


class ModelPool:
    """The loaded models of one engine.  Its methods may be called from any thread."""

    def __init__(
        self,
        load: LoadModel,
        *,
        max_models: int,
        unload_after_s: float,
        clock: Callable[[], float],
    ) -> None:
        """Start without models.

        Args:
            load: Loads a model by name.
            max_models: Models that may be loaded at once.
            unload_after_s: Seconds without a request after which a model is unloaded.
            clock: Monotonic seconds.
        """
        self._load = load
        self._max_models = max_models
        self._unload_after_s = unload_after_s
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._changes: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._is_closed = False

    @property
    def workers(self) -> tuple[ModelWorker, ...]:
        """The workers of all models that are loaded, being loaded or being unloaded."""
        with self._lock:
            return tuple(entry.worker for entry in self._entries.values())

    def has_loaded(self, model: str) -> bool:
        """Return whether a model is loaded and stays."""
        return any(
            worker.model == model and worker.ready.done() and not worker.is_stopping
            for worker in self.workers
        )

    @contextlib.asynccontextmanager
    async def use(self, model: str) -> AsyncGenerator[ModelWorker, None]:
        """Hold a model's worker; it is not unloaded meanwhile.

        Where too many models are loaded, the least recently used one that nobody uses is
        unloaded first; if all are used, this waits.

        Raises:
            EngineStoppedError: The engine is closed.
        """
        worker = await self._acquire(model)
        try:
            yield worker
        finally:
            self._release(model, worker)

    def unload_idle(self) -> int:
        """Unload the models that had no request for `unload_after_s`; return how many."""
        now = self._clock()
        with self._lock:
            idle = [
                entry.worker
                for entry in self._entries.values()
                if entry.num_users == 0 and now - entry.idle_since_s >= self._unload_after_s
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

    async def _acquire(self, model: str) -> ModelWorker:
        changed = (asyncio.get_running_loop(), asyncio.Event())
        self._changes.append(changed)
        try:
            while (worker := self._try_acquire(model)) is None:
                await changed[1].wait()
                changed[1].clear()
            return worker
        finally:
            self._changes.remove(changed)

    def _try_acquire(self, model: str) -> ModelWorker | None:
        """Return a worker with one more user, or `None` if another model has to go first."""
        with self._lock:
            if self._is_closed:
                raise EngineStoppedError("the engine is closed: start it again")
            entry = self._entries.get(model)
            if entry is None and len(self._entries) < self._max_models:
                return self._start(model)
            if entry is None:
                self._stop_least_recently_used()
                return None
            if entry.worker.is_stopping:
                return None
            entry.num_users += 1
            return entry.worker

    def _start(self, model: str) -> ModelWorker:
        """Start to load a model and return its worker with one user, who hears if it fails."""
        worker = ModelWorker(model, self._load, self._clock, self._forget)
        self._entries[model] = _Entry(worker, num_users=1, idle_since_s=self._clock())
        worker.start()
        return worker

    def _stop_least_recently_used(self) -> None:
        """Make room for one model, unless a model is on its way out already."""
        if any(entry.worker.is_stopping for entry in self._entries.values()):
            return
        idle = [entry for entry in self._entries.values() if entry.num_users == 0]
        if idle:
            _stop_once(min(idle, key=lambda entry: entry.idle_since_s).worker)

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


def _stop_once(worker: ModelWorker) -> bool:
    """Stop a worker; return whether it was not stopping already."""
    if worker.is_stopping:
        return False
    worker.stop()
    return True
