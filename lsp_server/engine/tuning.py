"""What a loaded model knows of this machine: read from disk, or measured when nobody asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.engine.api import Budgets
from lsp_server.engine.calibration import Calibrator, Room
from lsp_server.engine.calibration_store import CalibrationKey, CalibrationStore
from lsp_server.engine.cost_model import Measurements, Targets, budgets_from
from lsp_server.engine.machine import load_per_core
from lsp_server.engine.runners.base import Runner
from lsp_server.errors import EngineError

logger = logging.getLogger(__name__)

#: With more programs than this wanting each core, measurements are doubted.
BUSY_LOAD_PER_CORE = 0.75


@dataclass(frozen=True, slots=True)
class TuningPlan:
    """Where a model's measurements are kept, and what follows from them.

    Attributes:
        key: Of the model on this machine.
        store: Where they are kept.
        targets: What people are to wait for.
    """

    key: CalibrationKey
    store: CalibrationStore
    targets: Targets


class Tuner:
    """Measures one model once; belongs to the model's thread, but any thread may read.

    Measurements that were taken while other programs ran are used, and taken again when a model
    is loaded on a quieter machine.
    """

    def __init__(
        self,
        plan: TuningPlan,
        runner: Runner,
        clock: Callable[[], float],
        load: Callable[[], float] = load_per_core,
    ) -> None:
        """Read what is known.

        Args:
            plan: What to measure for.
            runner: The loaded model.
            clock: Monotonic seconds.
            load: Says how many programs want each core.
        """
        self._plan = plan
        self._load = load
        self._calibrator: Calibrator | None = None
        self._was_busy = load() > BUSY_LOAD_PER_CORE
        self.measured = plan.store.read(plan.key)
        is_doubted = self.measured is not None and self.measured.was_busy and not self._was_busy
        if self.measured is None or is_doubted:
            self._calibrator = Calibrator(runner, clock)

    @property
    def budgets(self) -> Budgets | None:
        """What clients should ask for; `None` before anything was measured."""
        measured = self.measured
        return None if measured is None else budgets_from(measured, self._plan.targets)

    @property
    def is_measuring(self) -> bool:
        """Whether there is something to measure."""
        return self._calibrator is not None

    def can_measure(self, room: Room) -> bool:
        """Return whether an idle moment can be used."""
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
            return None
        if not calibrator.is_done:
            return None
        self._calibrator = None
        self._was_busy = self._was_busy or self._load() > BUSY_LOAD_PER_CORE
        self.measured = calibrator.measurements(was_busy=self._was_busy)
        self._plan.store.try_write(self._plan.key, self.measured)
        logger.info("measured %s: %s", self._plan.key.file_name, self.budgets)
        return self.measured
