"""Writing a converted copy of a model file: aside, checked, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from lsp_server.errors import ModelFileError, UsageError
from lsp_server.models.conversion.plan import ConversionPlan

#: Takes the fraction that is done, 0 to 1; may raise to give up.
Report = Callable[[float], None]

_PIECE_BYTES = 4 * 1024 * 1024


def write_converted(plan: ConversionPlan, target: Path, report: Report) -> None:
    """Write the converted file; what was at `target` is replaced only by the whole of it.

    Raises:
        ModelFileError: The source cannot be read to its end.
        UsageError: The target cannot be written, for example because the disk is full.
    """
    try:
        descriptor, part_name = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.")
    except OSError as error:
        raise _cannot_write(target, error) from error
    part = Path(part_name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _write(plan, file, report)
        part.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        part.unlink(missing_ok=True)


def _write(plan: ConversionPlan, file: BinaryIO, report: Report) -> None:
    file.write(plan.head)
    num_left = plan.num_data_bytes
    with _opened(plan) as source:
        source.seek(plan.source.data_offset)
        while num_left:
            piece = _read(source, min(num_left, _PIECE_BYTES), plan)
            file.write(piece)
            num_left -= len(piece)
            report(1.0 - num_left / plan.num_data_bytes)
    file.flush()
    # A half-written file under its final name would be loaded after a power cut.
    os.fsync(file.fileno())


def _opened(plan: ConversionPlan) -> BinaryIO:
    try:
        return plan.source.path.open("rb")
    except OSError as error:
        raise _cannot_read(plan, error.strerror or str(error)) from error


def _read(source: BinaryIO, num_bytes: int, plan: ConversionPlan) -> bytes:
    try:
        piece = source.read(num_bytes)
    except OSError as error:
        raise _cannot_read(plan, error.strerror or str(error)) from error
    if not piece:
        raise _cannot_read(plan, "it became shorter meanwhile")
    return piece


def _cannot_read(plan: ConversionPlan, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{plan.source.path}: the file cannot be converted: {reason}; check it and try again"
    )


def _cannot_write(target: Path, error: OSError) -> UsageError:
    return UsageError(
        f"the converted model {target} cannot be written: {error.strerror}; free some space, or "
        "name another place"
    )
