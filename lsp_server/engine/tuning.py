"""What a loaded model knows of this machine: read from disk, or measured when nobody asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.engine.calibration import Calibrator, Room
from lsp_server.engine.calibration_store import CalibrationKey, CalibrationStore
from lsp_server.engine.cost_model import Measurements, Targets, budgets_from
from lsp_server.engine.machine import load_per_core
from lsp_server.engine.model_info import Budgets
from lsp_server.engine.runners.base import Runner
from lsp_server.errors import EngineError

logger = logging.getLogger(__name__)

#: With more programs than this wanting each core, measurements are doubted.
BUSY_LOAD_PER_CORE = 0.75
#: Whether the machine has become quiet is looked at this often.
_LOOK_AGAIN_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class TuningPlan:
    """Where a model's measurements are kept, and what follows from them.

    Attributes:
        key: Of the model on this machine.
        store: Where they are kept.
        targets: What people are to wait for.
        load: Says how many programs want each core.
    """

    key: CalibrationKey
    store: CalibrationStore
    targets: Targets
    load: Callable[[], float] = load_per_core


class Tuner:
    """Measures one model once; belongs to the model's thread, but any thread may read.

    Measurements that were taken while other programs ran are used, and taken again when the
    machine is quiet.
    """

    def __init__(
        self,
        plan: TuningPlan,
        runner: Runner,
        clock: Callable[[], float],
    ) -> None:
        """Read what is known.

        Args:
            plan: What to measure for.
            runner: The loaded model.
            clock: Monotonic seconds.
        """
        self._plan = plan
        self._runner = runner
        self._clock = clock
        self._calibrator: Calibrator | None = None
        self._has_failed = False
        self._looked_s = clock()
        self._was_busy = self._is_busy()
        self.measured = plan.store.read(plan.key)
        if self.measured is None or (self._is_doubted and not self._was_busy):
            self._calibrator = Calibrator(runner, clock)

    @property
    def budgets(self) -> Budgets | None:
        """What clients should ask for; `None` before anything was measured."""
        measured = self.measured
        return None if measured is None else budgets_from(measured, self._plan.targets)

    @property
    def is_measuring(self) -> bool:
        """Whether there is something to measure, now or when the machine is quiet."""
        return self._calibrator is not None or self._is_doubted

    def can_measure(self, room: Room) -> bool:
        """Return whether an idle moment can be used."""
        if self._calibrator is None and self._is_doubted:
            self._begin_again_if_quiet()
        return self._calibrator is not None and self._calibrator.can_go_on(room)

    def measure(self, room: Room, should_stop: Callable[[], bool]) -> Measurements | None:
        """Measure a little; what was interrupted is begun anew the next time.

        Args:
            room: What of the runner is free.
            should_stop: Whether a request came.

        Returns:
            All measurements, when they are complete.
        """
        calibrator = self._calibrator
        assert calibrator is not None, "there is something to measure"
        try:
            calibrator.run_once(room, should_stop)
        except EngineError as error:
            logger.warning("%s is not measured: %s", self._plan.key.file_name, error)
            self._calibrator = None
            self._has_failed = True
            return None
        if not calibrator.is_done:
            return None
        self._calibrator = None
        self._was_busy = self._was_busy or self._is_busy()
        self.measured = calibrator.measurements(was_busy=self._was_busy)
        self._plan.store.try_write(self._plan.key, self.measured)
        logger.info("measured %s: %s", self._plan.key.file_name, self.budgets)
        return self.measured

    @property
    def _is_doubted(self) -> bool:
        return self.measured is not None and self.measured.was_busy and not self._has_failed

    def _is_busy(self) -> bool:
        return self._plan.load() > BUSY_LOAD_PER_CORE

    def _begin_again_if_quiet(self) -> None:
        now_s = self._clock()
        if now_s - self._looked_s < _LOOK_AGAIN_AFTER_S:
            return
        self._looked_s = now_s
        if not self._is_busy():
            self._was_busy = False
            self._calibrator = Calibrator(self._runner, self._clock)
