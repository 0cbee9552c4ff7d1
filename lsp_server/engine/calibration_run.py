"""Have a model measured now, in a process of its own: its library may end that process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import IO

import msgspec

from lsp_server.directories import Directories
from lsp_server.engine.api import ErrorReport
from lsp_server.engine.cost_model import Measurements
from lsp_server.engine.error_reports import error_of
from lsp_server.engine.shared.child_environment import child_environment
from lsp_server.errors import EngineError
from lsp_server.settings.schema import EngineSettings

_MODULE = "lsp_server.engine.calibration_process"
_QUOTED_CHARS = 500
#: After its last line a process ends within this time, or is killed.
_END_TIMEOUT_S = 5.0


class CalibrationOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the process reads from its standard input.

    Attributes:
        model: The name that requests use.
        engine: How it is loaded.
    """

    model: str
    engine: EngineSettings


class ProgressLine(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """How much is done, 0 to 1; loading is not counted."""

    fraction: float


class MeasuredLine(msgspec.Struct, frozen=True, kw_only=True, tag="measured"):
    """The result; the last line."""

    measured: Measurements


class FailedLine(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """Why there is no result; the last line."""

    error: ErrorReport


_Line = ProgressLine | MeasuredLine | FailedLine
_decoder: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


def measure_now(
    order: CalibrationOrder, folders: Directories, on_progress: Callable[[float], None]
) -> Measurements:
    """Measure a model and keep the result; whatever ends this ends the measuring.

    Args:
        order: What to measure.
        folders: Of the process; the result is kept in its cache.
        on_progress: Told how much is done, 0 to 1.

    Raises:
        BantamError: It cannot be measured.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            env=child_environment(folders, os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            assert process.stdin is not None and process.stdout is not None, "both are pipes"
            with contextlib.suppress(BrokenPipeError), process.stdin:
                process.stdin.write(msgspec.json.encode(order))
            with process.stdout:
                measured = _read(process.stdout, on_progress)
        except BaseException:
            process.kill()
            raise
        finally:
            _wait(process)
        if measured is None:
            raise EngineError(_failure(order.model, process.returncode, errors))
    return measured


def _read(lines: IO[bytes], on_progress: Callable[[float], None]) -> Measurements | None:
    """Return the result, or `None` if the process ended without one."""
    for text in lines:
        match _decoder.decode(text):
            case ProgressLine(fraction=fraction):
                on_progress(fraction)
            case MeasuredLine(measured=measured):
                return measured
            case FailedLine(error=report):
                raise error_of(report)
    return None


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has ended, which it does after its last line."""
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _failure(model: str, status: int, errors: IO[bytes]) -> str:
    errors.seek(0)
    words = errors.read().decode(errors="replace").strip()[-_QUOTED_CHARS:]
    how = f"signal {-status}" if status < 0 else f"status {status}"
    said = f"; it said: {words}" if words else ""
    return f"measuring {model} ended with {how}{said}; try another model or library"
