"""Main of a process that measures one model: `python -m lsp_server.engine.calibration_process`.

Reads a `CalibrationOrder` from standard input and writes lines of JSON: see `calibration_run`.
"""

from __future__ import annotations

import signal
import sys
import time

import msgspec

from lsp_server.engine.calibration import Calibrator, Room
from lsp_server.engine.calibration_run import (
    CalibrationOrder,
    FailedLine,
    MeasuredLine,
    ProgressLine,
)
from lsp_server.engine.cost_model import Measurements
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.loaded_model import LoadedRunner
from lsp_server.engine.loader import make_loader
from lsp_server.engine.machine import load_per_core
from lsp_server.engine.tuning import BUSY_LOAD_PER_CORE
from lsp_server.errors import BantamError, EngineError


def main() -> int:
    """Measure, say how it goes, and return the exit status."""
    # The command that started this decides what an interrupt means, and ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=CalibrationOrder)
    try:
        measured = _measure(order)
    except BantamError as error:
        _say(FailedLine(error=report_of(error)))
        return 1
    _say(MeasuredLine(measured=measured))
    return 0


def _measure(order: CalibrationOrder) -> Measurements:
    """Load a model, measure it and keep what was found.

    Raises:
        BantamError: The model cannot be loaded, or has too little room.
    """
    was_busy = load_per_core() > BUSY_LOAD_PER_CORE
    loaded = make_loader(order.engine)(order.model, lambda _fraction: True)
    try:
        measured = _run(order.model, loaded, was_busy=was_busy)
    finally:
        loaded.runner.close()
    if loaded.tuning is not None:
        loaded.tuning.store.write(loaded.tuning.key, measured)
    return measured


def _run(model: str, loaded: LoadedRunner, *, was_busy: bool) -> Measurements:
    limits = loaded.runner.limits
    calibrator = Calibrator(loaded.runner, time.perf_counter)
    room = Room(tuple(range(limits.max_sequences)), limits.num_cells)
    if not calibrator.can_go_on(room):
        raise EngineError(
            f"{model} has {limits.num_cells} KV cells, too few to measure it: raise "
            "engine.context_tokens"
        )
    while not calibrator.is_done:
        calibrator.run_once(room, lambda: False)
        _say(ProgressLine(fraction=calibrator.fraction))
    return calibrator.measurements(was_busy=was_busy)


def _say(line: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
