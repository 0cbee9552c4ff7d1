"""The steps of one loaded model: schedule, forward, take in."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lsp_server.engine.api import EndReason, ErrorReport
from lsp_server.engine.calibration import Room
from lsp_server.engine.cost_model import Measurements, step_tokens
from lsp_server.engine.histogram import STEP_BOUNDS_S, HistogramCounter
from lsp_server.engine.job import Job, JobSpec
from lsp_server.engine.kv_cache import KeepPolicy, KvCache
from lsp_server.engine.model_info import Budgets
from lsp_server.engine.refresh import Refresher
from lsp_server.engine.runners.base import Logits, Runner
from lsp_server.engine.scheduler import Scheduler
from lsp_server.engine.status import LoadedModel
from lsp_server.engine.step import Step
from lsp_server.engine.step_sizes import StepPolicy
from lsp_server.engine.tidying import Tidier
from lsp_server.engine.tuning import Tuner, TuningPlan
from lsp_server.errors import EngineError, NoCellsError

logger = logging.getLogger(__name__)

#: Nobody asked for so long: somebody who types pauses, and the pause can be used.
_PAUSE_AFTER_S = 0.3
#: The pause is a longer one: what cannot be broken off has time.
_LONG_PAUSE_AFTER_S = 2.0


class StepLoop:
    """A runner with its scheduler and its KV cache.  Belongs to one thread."""

    def __init__(
        self,
        model: str,
        runner: Runner,
        keep: KeepPolicy,
        clock: Callable[[], float],
        tuning: TuningPlan | None = None,
    ) -> None:
        """Start without requests.

        Args:
            model: The model's name, for the log and the status.
            runner: The loaded model.
            keep: What is kept of older prompts.
            clock: Monotonic seconds.
            tuning: How the model is measured on this machine, if it is.
        """
        self._model = model
        self._runner = runner
        self._clock = clock
        self._cache = KvCache(runner, keep)
        max_batch_tokens = runner.limits.max_batch_tokens
        policy = StepPolicy.for_batches_of(max_batch_tokens)
        self._scheduler = Scheduler(self._cache, policy, clock)
        self._refresher = Refresher(self._cache, policy.max_step_tokens, max_batch_tokens)
        self._tidier = Tidier(self._cache)
        self._last_step_s = clock()
        self._step_seconds = HistogramCounter(STEP_BOUNDS_S)
        self._target_step_ms = None if tuning is None else tuning.targets.step_ms
        self._tuner = None if tuning is None else Tuner(tuning, runner, clock)
        if self._tuner is not None and self._tuner.measured is not None:
            self._tune(self._tuner.measured)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to compute."""
        return self._scheduler.is_idle

    @property
    def pause_s(self) -> float | None:
        """After how long a pause there is something to do, or `None` if there is nothing."""
        if self._refresher.has_work or self._can_measure:
            return _PAUSE_AFTER_S
        return _LONG_PAUSE_AFTER_S if self._tidier.has_work else None

    @property
    def budgets(self) -> Budgets | None:
        """What clients should ask for on this machine, if that is known; any thread may ask."""
        return None if self._tuner is None else self._tuner.budgets

    @property
    def is_measuring(self) -> bool:
        """Whether budgets will come or change; any thread may ask."""
        return self._tuner is not None and self._tuner.is_measuring

    @property
    def status(self) -> LoadedModel:
        """What is running and in use now; any thread may ask."""
        return LoadedModel(
            model=self._model,
            num_running=self._scheduler.num_running,
            num_waiting=self._scheduler.num_waiting,
            cells_used=self._cache.num_cells_used,
            cells_total=self._cache.num_cells_total,
            bytes_saved=self._cache.num_saved_bytes,
            means=self._cache.means,
            totals=self._scheduler.totals,
            cells_running=self._cache.num_cells_running,
            step_seconds=self._step_seconds.histogram,
        )

    def submit(self, job: Job) -> None:
        """Take a request; after a longer pause its document has the cells for itself."""
        if self.is_idle and self._clock() - self._last_step_s >= _LONG_PAUSE_AFTER_S:
            self._tidier.make_way(job.parking_key)
        self._scheduler.submit(job)

    def cancel(self, arrival: int) -> None:
        """End a request, if it is still there."""
        self._scheduler.end(arrival, EndReason.CANCELLED)

    def end_all(self, error: ErrorReport) -> None:
        """End every request with an error."""
        self._scheduler.end_all(EndReason.ERROR, error)

    def step(self, on_forward: Callable[[tuple[JobSpec, ...]], None]) -> None:
        """Compute one step.

        Args:
            on_forward: Told which requests the model computes for before it starts, and that
                there are none when it is done.
        """
        step = self._scheduler.schedule()
        if not step.chunks:
            return
        try:
            on_forward(step.specs)
            started_s = self._clock()
            logits = self._runner.forward(step.batch())
            step_ms = (self._clock() - started_s) * 1000.0
        except NoCellsError as error:
            self._make_room(step, error)
        except EngineError as error:
            logger.warning("a step of model %s failed: %s", self._model, error)
            self._scheduler.fail(step, error)
        else:
            self._step_seconds.note(step_ms / 1000.0)
            if logits is not None:
                self._scheduler.note_step_ms(step, step_ms)
            self._take_in(step, logits)
        finally:
            on_forward(())
            self._last_step_s = self._clock()

    def use_pause(self, should_stop: Callable[[], bool]) -> None:
        """Compute some stale tokens again, measure a little, or tidy up, while nobody asks.

        Args:
            should_stop: Whether a request came; asked between two steps of a measurement.
        """
        if self._refresher.has_work:
            self._refresh()
        elif self._tuner is not None and self._can_measure:
            measured = self._tuner.measure(self._room, should_stop)
            if measured is not None:
                self._tune(measured)
        else:
            self._tidier.tidy_once()

    def _refresh(self) -> None:
        chunk = self._refresher.next_chunk()
        if chunk is None:
            return
        try:
            logits = self._runner.forward(chunk.batch())
        except EngineError as error:
            logger.warning("a refresh of model %s failed: %s", self._model, error)
            self._refresher.fail(chunk)
        else:
            num_tokens = self._refresher.take_in(chunk, was_aborted=logits is None)
            self._scheduler.note_idle_tokens(num_tokens)

    @property
    def _can_measure(self) -> bool:
        return self._tuner is not None and self._tuner.can_measure(self._room)

    @property
    def _room(self) -> Room:
        return Room(self._cache.free_ids, self._cache.num_cells_unclaimed)

    def _tune(self, measured: Measurements) -> None:
        max_batch_tokens = self._runner.limits.max_batch_tokens
        policy = StepPolicy.for_batches_of(
            max_batch_tokens,
            max_step_tokens=step_tokens(measured, max_batch_tokens),
            target_step_ms=self._target_step_ms,
        )
        self._scheduler.tune(policy, measured.step_ms)
        self._refresher.max_tokens = policy.max_step_tokens

    def _take_in(self, step: Step, logits: Logits | None) -> None:
        self._scheduler.take_in(step, logits)
        if self._scheduler.is_idle and logger.isEnabledFor(logging.DEBUG):
            self._cache.check_integrity()

    def _make_room(self, step: Step, error: NoCellsError) -> None:
        """Evict what is parked and let the step run again; fail it if nothing was parked."""
        if self._cache.parked_documents:
            logger.warning("model %s had fewer cells than it counted: %s", self._model, error)
            self._cache.evict_all()
        else:
            self._scheduler.fail(step, error)
