"""The engine's log: one rotated file that holds no source text."""

from __future__ import annotations

import copy
import logging
import logging.handlers
import traceback
from pathlib import Path
from types import TracebackType
from typing import Literal

from lsp_server.directories import make_private, write_refusal

_MAX_BYTES = 1024 * 1024
_NUM_BACKUPS = 3

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class PrivateFormatter(logging.Formatter):
    """Writes exceptions without their messages, which may quote a document."""

    def __init__(self) -> None:
        """Set the layout of a line."""
        super().__init__("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return a line, and never what another formatter has left in the record."""
        record = copy.copy(record)
        record.exc_text = None
        return super().format(record)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - logging's own name
        """Return where an exception came from and its type."""
        error_type, _, origin = ei
        frames = "".join(traceback.format_tb(origin))
        return f"{frames}{error_type.__name__ if error_type else 'no exception'}"


def set_up_log(path: Path, level: Literal["error", "warning", "info", "debug"]) -> None:
    """Send what this process logs to a file.

    Raises:
        ConfigError: It cannot be written.
    """
    make_private(path.parent)
    try:
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_MAX_BYTES, backupCount=_NUM_BACKUPS, encoding="utf-8"
        )
    except OSError as error:
        raise write_refusal(path, error) from error
    handler.setFormatter(PrivateFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
