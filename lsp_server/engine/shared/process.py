"""The engine process of this user, as its clients see it: find it, start it, end it.

One at a time, by two locks: an engine holds `engine.lock` as long as it lives, and a client
holds `start.lock` while it starts one, so that eight windows that open at the same moment
start one process between them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from lsp_server.directories import Directories
from lsp_server.engine.shared.crash_guard import CrashGuard
from lsp_server.engine.shared.ending import end_engine, is_running
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.runtime_folder import (
    RuntimeFolder,
    check_private,
    create_private,
    runtime_folder,
)
from lsp_server.engine.shared.silence import silent_error
from lsp_server.engine.shared.spawn import open_output, spawn_engine
from lsp_server.engine.shared.tcp.address import TcpAddress
from lsp_server.engine.shared.tcp.secret import load_secret, secret_file
from lsp_server.engine.shared.wire.connection import Connection
from lsp_server.engine.shared.wire.faults import BrokenError, GoneError
from lsp_server.engine.shared.wire.tcp_connection import TcpEnd
from lsp_server.engine.shared.wire.versions import Agreement, Versions, agree, own_versions
from lsp_server.engine.status import EngineStatus
from lsp_server.errors import ConfigError, EngineStartError, EngineVersionError

Answer = TypeVar("Answer")

#: An engine answers `hello` and `status` at once, but the machine may be busy.
_ANSWER_TIMEOUT_S = 10.0
#: Seconds to wait while another client starts an engine; longer than one start may take.
_TURN_TIMEOUT_S = 120.0
#: Seconds for an engine that lives but cannot be reached to listen or end: one that has just
#: been started by a client that died, or one that is ending.
_UNREACHABLE_TIMEOUT_S = 30.0
_POLL_S = 0.05
#: Seconds that an older engine has for what its windows wait for, before a newer one takes its
#: place: a suggestion and most code actions.
_DRAIN_S = 10.0


async def attach(connection: Connection, directories: Directories, *, start: bool) -> None:
    """Make sure that an engine listens which this version may use.

    Args:
        connection: To the socket in `directories`.
        directories: Of the engine.
        start: Whether to start an engine when none runs, or to replace an older one.

    Raises:
        ConfigError: The runtime folder cannot be used.
        EngineStartError: None runs, and none was or could be started.
        EngineSilentError: The one that runs does not answer.
        EngineVersionError: The one that runs is newer and speaks another protocol version.
    """
    folder = runtime_folder(directories)
    found = await _find(connection, folder)
    if found is Agreement.USE:
        return
    if not start:
        raise EngineStartError(
            "no engine of this version is running, and this command does not start one"
        )
    create_private(folder)
    async with _turn_to_start(folder) as lock:
        if not await _find_or_make_room(connection, folder):
            await _start(connection, directories, folder, lock)


async def engine_status(
    directories: Directories, tcp: TcpAddress | None = None
) -> EngineStatus | None:
    """Return what the running engine says of itself, or `None`: none runs.

    Args:
        directories: Of the engine.
        tcp: Where it is asked instead of at its socket.

    Raises:
        ConfigError: The runtime folder, or the file of the secret, cannot be used.
        EngineError: One runs, but it does not answer, or in another language.
    """
    return await _ask_running(directories, tcp, Connection.status)


async def engine_metrics(directories: Directories, tcp: TcpAddress | None = None) -> str | None:
    """Return the running engine's figures as text for Prometheus, or `None`: none runs.

    Args and errors are those of `engine_status`.
    """
    return await _ask_running(directories, tcp, Connection.metrics)


async def stop_engine(directories: Directories) -> bool:
    """End the running engine; what it is working on ends with an error.

    Returns:
        Whether there was one.

    Raises:
        ConfigError: The runtime folder cannot be used.
        EngineError: It could not be ended.
    """
    async with _to_running(directories) as connection:
        if connection is None:
            return False
        return await end_engine(connection, runtime_folder(directories))


async def _ask_running(
    directories: Directories,
    tcp: TcpAddress | None,
    ask: Callable[[Connection], Awaitable[Answer]],
) -> Answer | None:
    async with _to_running(directories, tcp) as connection:
        if connection is None:
            return None
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return await ask(connection)
        except GoneError:
            return None
        except (BrokenError, TimeoutError) as error:
            raise silent_error(runtime_folder(directories)) from error


@asynccontextmanager
async def _to_running(
    directories: Directories, tcp: TcpAddress | None = None
) -> AsyncIterator[Connection | None]:
    end: Path | TcpEnd
    if tcp is None:
        folder = runtime_folder(directories)
        try:
            check_private(folder)
        except FileNotFoundError:
            yield None
            return
        end = folder.socket
    else:
        end = TcpEnd(tcp, load_secret(secret_file(directories)))
    connection = Connection(end)
    try:
        yield connection
    finally:
        await connection.aclose()


async def _find(connection: Connection, folder: RuntimeFolder) -> Agreement | None:
    """Return what to do with the engine that listens, or `None`: nobody does.

    Raises:
        EngineVersionError: It may be neither used nor replaced.
        EngineSilentError: It does not answer.
    """
    try:
        check_private(folder)
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            engine = await connection.hello()
    except (FileNotFoundError, GoneError, BrokenError):
        return None
    except TimeoutError as error:
        raise silent_error(folder) from error
    client = own_versions()
    agreement = agree(client, engine)
    if agreement is Agreement.REFUSE:
        raise _refusal(client, engine)
    return agreement


async def _find_or_make_room(connection: Connection, folder: RuntimeFolder) -> bool:
    """Wait until an engine can be used (true), or until none lives any more (false)."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _UNREACHABLE_TIMEOUT_S
    while True:
        found = await _find(connection, folder)
        if found is Agreement.USE:
            return True
        if found is Agreement.REPLACE:
            await end_engine(connection, folder, drain_s=_DRAIN_S)
        elif loop.time() > deadline:
            await end_engine(connection, folder)
        if not is_running(folder):
            return False
        await asyncio.sleep(_POLL_S)


@asynccontextmanager
async def _turn_to_start(folder: RuntimeFolder) -> AsyncIterator[FileLock]:
    with FileLock(folder.start_lock) as lock:
        try:
            await lock.acquire(_TURN_TIMEOUT_S)
        except TimeoutError as error:
            raise EngineStartError(
                f"another process ({lock.read() or 'unknown'}) has been starting the engine for "
                f"{_TURN_TIMEOUT_S:g} s and still holds {folder.start_lock}; end that process, "
                f"or see {folder.log_file}"
            ) from error
        # Also finds out, before a process is started for it, that the folder cannot be written.
        lock.write(str(os.getpid()))
        yield lock


async def _start(
    connection: Connection, directories: Directories, folder: RuntimeFolder, lock: FileLock
) -> None:
    guard = CrashGuard(folder)
    guard.check()
    with open_output(folder.output_file) as output:
        try:
            await spawn_engine(directories, folder, lock, output)
        except (ConfigError, EngineStartError):
            if await _find(connection, folder) is Agreement.USE:
                return  # Somebody started one by hand at the same moment.
            guard.note_death()
            raise
    match await _find(connection, folder):
        case Agreement.REPLACE:
            raise EngineVersionError(
                "the installed Bantam is older than the one that runs here: it was changed "
                "after this program was started, so restart the editor"
            )
        case None:
            raise EngineStartError(
                f"the engine was started, but ended before it was used; see {folder.log_file}"
            )


def _refusal(client: Versions, engine: Versions) -> EngineVersionError:
    return EngineVersionError(
        f"the running engine is Bantam {engine.package_version} with protocol version "
        f"{engine.protocol_version}, but this is the older Bantam {client.package_version} "
        f"with {client.protocol_version}: restart the editor to use the new version, or run "
        "`bantam engine stop` to go on with the old one"
    )
