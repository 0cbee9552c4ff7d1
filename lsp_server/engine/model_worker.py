"""The one thread that owns a model: it loads it, runs its steps and frees it.

Other threads put typed commands into its queue; answers leave through each job's `emit`.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import msgspec

from lsp_server.engine.api import EndReason
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.job import Job, JobSpec
from lsp_server.engine.loaded_model import LoadedRunner, LoadModel
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.preparation import RequestPreparer
from lsp_server.engine.runners.base import Runner
from lsp_server.engine.status import LoadedModel
from lsp_server.engine.step_loop import StepLoop
from lsp_server.errors import BantamError, EngineError, EngineStoppedError

logger = logging.getLogger(__name__)

#: Takes the fraction of the model that is loaded; must not block.
ProgressListener = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class ReadyModel:
    """What other threads may use of a loaded model."""

    info: ModelInfo
    preparer: RequestPreparer


@dataclass(frozen=True, slots=True)
class _Submit:
    job: Job


@dataclass(frozen=True, slots=True)
class _Cancel:
    arrival: int


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Command = _Submit | _Cancel | _Stop


class ModelWorker:
    """One model and its thread.  Its methods may be called from any thread.

    Attributes:
        model: The name that requests use.
        ready: Becomes what other threads may use, or the error of loading.
    """

    def __init__(
        self,
        model: str,
        load: LoadModel,
        clock: Callable[[], float],
        on_ended: Callable[[ModelWorker], None],
    ) -> None:
        """Prepare the thread; `start` starts it.

        Args:
            model: The name that requests use.
            load: Loads the model.
            clock: Monotonic seconds.
            on_ended: Called once in the thread when the model is freed or could not be loaded.
        """
        self.model = model
        self.ready: Future[ReadyModel] = Future()
        self._load = load
        self._clock = clock
        self._on_ended = on_ended
        self._commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"bantam-model {model}", daemon=True)
        #: Guards everything below.
        self._lock = threading.Lock()
        self._listeners: list[ProgressListener] = []
        self._fraction = 0.0
        self._num_bytes = 0
        self._runner: Runner | None = None
        self._loop: StepLoop | None = None
        self._forwarding: tuple[JobSpec, ...] = ()
        self._is_using_pause = False
        self._cancelled: set[int] = set()
        self._is_stopping = False
        self._has_ended = False

    @property
    def status(self) -> LoadedModel:
        """What is running and in use now; nothing before the model is loaded."""
        with self._lock:
            if self._loop is not None:
                return msgspec.structs.replace(self._loop.status, num_bytes=self._num_bytes)
        return LoadedModel(
            model=self.model, num_running=0, num_waiting=0, cells_used=0, cells_total=0
        )

    @property
    def info(self) -> ModelInfo:
        """What clients have to know of the loaded model, with what is measured by now."""
        info = self.ready.result().info
        with self._lock:
            loop = self._loop
        if loop is None:
            return info
        return msgspec.structs.replace(info, budgets=loop.budgets, is_measuring=loop.is_measuring)

    @property
    def num_bytes(self) -> int:
        """Memory that the loaded model takes; 0 before it is loaded."""
        return self._num_bytes

    @property
    def is_stopping(self) -> bool:
        """Whether it takes no more requests."""
        return self._is_stopping

    def start(self) -> None:
        """Start to load the model."""
        self.ready.set_running_or_notify_cancel()
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end its requests, free the model and end; returns at once."""
        with self._lock:
            self._is_stopping = True
            if self._runner is not None:
                self._runner.request_abort()
        self._commands.put(_Stop())

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    @contextlib.contextmanager
    def reporting_to(self, listener: ProgressListener) -> Iterator[None]:
        """Tell a listener how far loading is, as long as the context lasts."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def submit(self, job: Job) -> None:
        """Hand a job to the scheduler; a step for requests that it supersedes is aborted."""
        with self._lock:
            if not self._has_ended:
                self._abort_if(job.spec.supersedes_spec)
                if self._is_using_pause and self._runner is not None:
                    self._runner.request_abort()
                self._commands.put(_Submit(job))
                return
        self._refuse(job)

    def cancel(self, arrival: int) -> None:
        """End a job within one step; a step that computes for nobody else is aborted."""
        with self._lock:
            self._cancelled.add(arrival)
            self._abort_if(lambda spec: spec.arrival in self._cancelled)
        self._commands.put(_Cancel(arrival))

    def _abort_if(self, is_unwanted: Callable[[JobSpec], bool]) -> None:
        """Abort the running step if nobody wants what it computes.  Needs the lock."""
        if self._runner is None or not self._forwarding:
            return
        if all(is_unwanted(spec) for spec in self._forwarding):
            self._runner.request_abort()

    def _run(self) -> None:
        runner: Runner | None = None
        try:
            loaded = self._load(self.model, self._report_progress)
            runner = loaded.runner
            self._serve(loaded)
        except BantamError as error:
            self._fail(error)
        except Exception:
            logger.exception("the thread of model %s failed", self.model)
            self._fail(EngineError(f"the engine failed on {self.model}; its log says more"))
        finally:
            self._end(runner)

    def _report_progress(self, fraction: float) -> bool:
        """Tell the listeners of every hundredth that is loaded; return whether to go on."""
        with self._lock:
            is_news = fraction - self._fraction >= 0.01
            listeners = list(self._listeners) if is_news else []
            self._fraction = fraction if is_news else self._fraction
        for listener in listeners:
            listener(fraction)
        return not self._is_stopping

    def _serve(self, loaded: LoadedRunner) -> None:
        """Run steps until the model has to go."""
        runner = loaded.runner
        loop = StepLoop(self.model, runner, loaded.keep, self._clock, loaded.tuning)
        with self._lock:
            self._runner = runner
            self._loop = loop
            self._num_bytes = loaded.num_bytes
        preparer = RequestPreparer(self.model, runner.vocabulary, runner.limits, loaded.chat)
        self.ready.set_result(ReadyModel(loaded.info, preparer))
        try:
            while self._take_commands(loop):
                loop.step(self._note_forward)
        finally:
            self._stop_taking()
            loop.end_all(report_of(_stopped(self.model)))

    def _take_commands(self, loop: StepLoop) -> bool:
        """Apply what other threads want, waiting for it if there is nothing else to do.

        Returns:
            Whether to go on.
        """
        while loop.is_idle or not self._commands.empty():
            match self._next_command(loop):
                case _Submit(job):
                    loop.submit(job)
                case _Cancel(arrival):
                    loop.cancel(arrival)
                    with self._lock:
                        self._cancelled.discard(arrival)
                case _Stop():
                    return False
        return True

    def _next_command(self, loop: StepLoop) -> _Command:
        """Wait for a command; after a while without any, do what can be done meanwhile."""
        started_s = self._clock()
        while loop.is_idle and (pause_s := loop.pause_s) is not None:
            passed_s = self._clock() - started_s
            with contextlib.suppress(queue.Empty):
                return self._commands.get(timeout=max(pause_s - passed_s, 0.0))
            self._note_using_pause(True)
            loop.use_pause(lambda: not self._commands.empty())
            self._note_using_pause(False)
        return self._commands.get()

    def _note_using_pause(self, is_using_pause: bool) -> None:
        with self._lock:
            self._is_using_pause = is_using_pause

    def _note_forward(self, specs: tuple[JobSpec, ...]) -> None:
        with self._lock:
            self._forwarding = specs

    def _fail(self, error: BantamError) -> None:
        self._stop_taking()
        if not self.ready.done():
            self.ready.set_exception(error)

    def _stop_taking(self) -> None:
        """Let nobody come any more; before those who wait hear of an end and come again."""
        with self._lock:
            self._is_stopping = True

    def _end(self, runner: Runner | None) -> None:
        """Free the model and end the jobs that came too late."""
        self._stop_taking()
        with self._lock:
            self._runner = None
            self._loop = None
            self._has_ended = True
        if runner is not None:
            runner.close()
        while not self._commands.empty():
            command = self._commands.get()
            if isinstance(command, _Submit):
                self._refuse(command.job)
        self._on_ended(self)

    def _refuse(self, job: Job) -> None:
        for sequence in job.sequences:
            sequence.end_reason = EndReason.ERROR
        job.emit(job.end_event(report_of(_stopped(self.model))))


def _stopped(model: str) -> EngineStoppedError:
    return EngineStoppedError(
        f"the engine unloaded {model} while this request was running; ask again to load it"
    )
