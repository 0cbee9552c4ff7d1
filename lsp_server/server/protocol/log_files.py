"""One log file per process, because a file that several processes rotate loses lines.

`server-<start>-<pid>.log` is rotated by its own process alone.  It is locked for as long as
that lives, so that the cleaning up, which every start does, never takes a living one.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import logging
import logging.handlers
import os
import time
from pathlib import Path

from lsp_server.engine.shared.file_lock import FileLock

MAX_BYTES = 500_000
#: Finished sessions whose logs stay.
NUM_KEPT = 8
_PATTERN = "server-*.log"


class ProcessLog(logging.handlers.RotatingFileHandler):
    """The log of this process: made with its first line, rotated once, locked."""

    def __init__(self, folder: Path) -> None:
        """Name the file; nothing is opened yet.

        Args:
            folder: Exists and is the user's own.
        """
        start = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        super().__init__(
            folder / f"server-{start}-{os.getpid()}.log",
            maxBytes=MAX_BYTES,
            backupCount=1,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )

    def _open(self) -> io.TextIOWrapper:
        stream = super()._open()
        # Another process holds a shared lock for a moment when it looks at this one.
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        return stream

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Drop a line that cannot be written: a full disk must not fill standard error."""


def remove_old_logs(folder: Path, num_kept: int = NUM_KEPT) -> None:
    """Remove the logs of processes that have ended, but for the newest.

    Raises:
        OSError: The folder cannot be read or written to.
    """
    for path in sorted(folder.glob(_PATTERN), reverse=True)[num_kept:]:
        if not FileLock(path).is_held():
            path.with_name(f"{path.name}.1").unlink(missing_ok=True)
            # Another process may be cleaning up at the same time.
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
