"""What is logged: where things went wrong, and neither source text nor secrets.

At INFO pygls logs the body of every message, in its error messages the parameters of a
request, and other libraries log addresses; exceptions quote what they were raised about.  So our
own records are written as they are, those of pygls without their values, and of all others only
where they come from; exceptions are written as their type and place.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from pygls.exceptions import JsonRpcException

from lsp_server.directories import Directories, make_private
from lsp_server.engine.shared.log_file import PrivateFormatter
from lsp_server.errors import ConfigError
from lsp_server.server.protocol.log_files import ProcessLog, remove_old_logs

_LOGGER = logging.getLogger("lsp_server")


class _WithoutValues(logging.Filter):
    """Keeps of a foreign record what cannot hold a user's text.

    Refusing a request is no event, though pygls logs it as an error: its answer says why.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        library = record.name.partition(".")[0]
        if library == "lsp_server":
            return True
        if record.exc_info and isinstance(record.exc_info[1], JsonRpcException):
            return False
        if library != "pygls":
            record.msg = f"a message from {record.module}:{record.lineno} [left out]"
        elif record.args:
            record.msg = f"{record.msg} [values left out]"
        record.args = ()
        return True


class _StandardError(logging.StreamHandler[Any]):
    """Shows warnings where editors look for them."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Drop a line that cannot be written: nobody listens."""


def start_logging(directories: Directories) -> None:
    """Write warnings to standard error and more to a file of this process in the logs folder.

    A log folder that cannot be written to costs the log file and nothing else.
    """
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    # Its warnings are of what editors do all the time: cancelling what has just been answered.
    logging.getLogger("pygls").setLevel(logging.ERROR)
    _LOGGER.setLevel(logging.INFO)
    root.addHandler(_set_up(_StandardError(), logging.WARNING))
    try:
        folder = make_private(directories.logs)
        remove_old_logs(folder)
        # The file itself is opened late, where there is nobody to tell.
        folder.joinpath(".writable").touch()
        folder.joinpath(".writable").unlink()
    except (ConfigError, OSError) as error:
        _LOGGER.warning("there is no log file: %s", error)
    else:
        root.addHandler(_set_up(ProcessLog(folder), logging.DEBUG))


def set_log_level(level: str) -> None:
    """Log Bantam's own records from `level` on: error, warning, info or debug."""
    _LOGGER.setLevel(level.upper())


def log_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what no task has handled; asyncio's own way quotes the task and its exception."""
    del loop
    if (error := context.get("exception")) is None:
        _LOGGER.error("asyncio: %s", context["message"])
    else:
        _LOGGER.error("a callback or a task nobody waits for has failed", exc_info=error)


def _set_up(handler: logging.Handler, level: int) -> logging.Handler:
    handler.setLevel(level)
    handler.setFormatter(PrivateFormatter())
    handler.addFilter(_WithoutValues())
    return handler
