"""The log files: rotated, private, and without source text.

At INFO pygls logs the body of every message, and in its error messages the parameters of a
request: both hold the user's source text.
"""

from __future__ import annotations

import logging
import logging.handlers

from lsp_server.directories import Directories, make_private
from lsp_server.errors import ConfigError

_MAX_BYTES = 1_000_000
_NUM_OLD_FILES = 3
_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"
_LOGGER = logging.getLogger("lsp_server")


class _WithoutBodies(logging.Filter):
    """Keeps what a record of pygls says and drops the values that it says it about."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != "pygls":
            return True
        if record.args:
            values = record.args.values() if isinstance(record.args, dict) else record.args
            kinds = ", ".join(type(value).__name__ for value in values)
            record.msg = f"{record.msg} [values left out: {kinds}]"
            record.args = ()
        if record.exc_info:
            # The message of an exception, or of one that it was raised from, quotes values, too.
            record.msg = f"{record.msg} [{getattr(record.exc_info[0], '__name__', 'exception')}]"
            record.exc_info = None
        return True


def start_logging(directories: Directories) -> None:
    """Write warnings to standard error and more to `server.log` in the logs folder.

    A log folder that cannot be written to costs the log file and nothing else.
    """
    logging.getLogger("pygls").setLevel(logging.WARNING)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(_set_up(logging.StreamHandler(), logging.WARNING))
    try:
        folder = make_private(directories.logs)
        to_file = logging.handlers.RotatingFileHandler(
            folder / "server.log",
            maxBytes=_MAX_BYTES,
            backupCount=_NUM_OLD_FILES,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except (ConfigError, OSError) as error:
        _LOGGER.warning("there is no log file: %s", error)
    else:
        root.addHandler(_set_up(to_file, logging.DEBUG))


def set_log_level(level: str) -> None:
    """Log Bantam's own records from `level` on: error, warning, info or debug."""
    _LOGGER.setLevel(level.upper())


def _set_up(handler: logging.Handler, level: int) -> logging.Handler:
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_WithoutBodies())
    return handler
