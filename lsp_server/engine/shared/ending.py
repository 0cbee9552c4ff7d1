"""End the engine process: by asking it to, and by force if it does not listen."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.engine.shared.wire.connection import Connection
from lsp_server.engine.shared.wire.faults import BrokenError, GoneError
from lsp_server.errors import EngineError

#: Seconds for the answer to a stop request.
_ANSWER_TIMEOUT_S = 5.0
#: Seconds for an engine that was told to stop, or killed, to be gone.
_END_TIMEOUT_S = 8.0


def is_running(folder: RuntimeFolder) -> bool:
    """Return whether an engine process lives, whether or not it listens."""
    return FileLock(folder.engine_lock).is_held()


async def end_engine(
    connection: Connection, folder: RuntimeFolder, *, drain_s: float = 0.0
) -> bool:
    """End the engine process and wait until it is gone.

    Args:
        connection: To it.
        folder: Its files.
        drain_s: Seconds for which requests that run may go on.

    Returns:
        Whether there was one.

    Raises:
        EngineError: It could not be ended.
    """
    if not is_running(folder):
        return False
    with suppress(GoneError, BrokenError, TimeoutError):
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            await connection.stop(drain_s)
    if await _is_gone_in_time(folder, drain_s + _END_TIMEOUT_S):
        return True
    _kill(folder)
    if await _is_gone_in_time(folder, _END_TIMEOUT_S):
        _note_intended_end(folder)
        return True
    raise EngineError(
        f"the engine (process {engine_pid(folder) or 'unknown'}) did not end within "
        f"{_END_TIMEOUT_S:g} s of being killed; end it by hand"
    )


def engine_pid(folder: RuntimeFolder) -> int | None:
    """Return the process id that the running engine wrote down."""
    text = FileLock(folder.engine_lock).read()
    return int(text) if text.isascii() and text.isdigit() else None


async def _is_gone_in_time(folder: RuntimeFolder, timeout_s: float) -> bool:
    try:
        await wait_until(lambda: not is_running(folder), timeout_s)
    except TimeoutError:
        return False
    return True


def _kill(folder: RuntimeFolder) -> None:
    pid = engine_pid(folder)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _note_intended_end(folder: RuntimeFolder) -> None:
    with FileLock(folder.engine_lock) as lock:
        if lock.try_acquire():
            lock.write("")
