"""Start an engine process that belongs to no window, and wait until it listens."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from lsp_server.directories import Directories, make_private, write_refusal
from lsp_server.engine.api import ErrorReport
from lsp_server.engine.error_reports import error_of
from lsp_server.engine.shared.child_environment import child_environment
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.errors import EngineStartError

#: What an engine writes into the pipe that it was given, once it listens.  One that cannot
#: writes an `ErrorReport` as JSON.
READY = b"ready"

#: Seconds for a start; importing alone can take many on a busy machine.
START_TIMEOUT_S = 60.0

#: The engine's standard error is emptied at a start when it is larger than this.
_MAX_OUTPUT_BYTES = 1024 * 1024
_QUOTED_LINES = 12
_QUOTED_CHARS = 2_000


@contextmanager
def open_output(path: Path) -> Iterator[int]:
    """Open what an engine's standard error goes to, and yield its descriptor.

    Raises:
        ConfigError: It cannot be written.
    """
    make_private(path.parent)
    # Nothing is waited for that is no file.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        output = os.open(path, flags, 0o600)
    except OSError as error:
        raise write_refusal(path, error) from error
    try:
        if os.fstat(output).st_size > _MAX_OUTPUT_BYTES:
            os.ftruncate(output, 0)
        yield output
    finally:
        os.close(output)


async def spawn_engine(
    directories: Directories, folder: RuntimeFolder, start_lock: FileLock, output: int
) -> None:
    """Start an engine process and return when it listens.

    Args:
        directories: Of the engine.
        folder: Of the engine.
        start_lock: Held by the caller.  The new process holds it, too, until it listens: should
            this one be cancelled or die meanwhile, nobody starts a second engine.
        output: Of `open_output`.

    Raises:
        EngineStartError: It ended before it listened, or took too long.
        BantamError: It said why it cannot.
    """
    output_start = os.fstat(output).st_size
    try:
        environment = child_environment(directories, os.environ)
        answer = await _start_and_wait(environment, output, start_lock.descriptor)
    except FileNotFoundError as error:
        raise EngineStartError(
            f"cannot start {sys.executable}: it is not there any more; Bantam was moved or "
            "installed anew, so restart the editor"
        ) from error
    except TimeoutError as error:
        raise EngineStartError(
            f"the engine did not listen within {START_TIMEOUT_S:g} s of its start; "
            f"it may still come, and {folder.log_file} says how far it is"
        ) from error
    if answer == READY:
        return
    with suppress(msgspec.DecodeError):  # It died before it had said anything, or all.
        raise error_of(msgspec.json.decode(answer, type=ErrorReport))
    raise EngineStartError(
        "the engine ended while it was starting. " + _last_words(folder.output_file, output_start)
    )


async def _start_and_wait(environment: Mapping[str, str], output: int, start_lock: int) -> bytes:
    """Return what the process said before it closed its pipe."""
    read_end, write_end = os.pipe()
    with io.FileIO(read_end) as pipe:
        try:
            await asyncio.to_thread(_start_process, environment, output, write_end, start_lock)
        finally:
            os.close(write_end)
        async with asyncio.timeout(START_TIMEOUT_S):
            return await _read_all(pipe)


def _start_process(
    environment: Mapping[str, str], output: int, ready_pipe: int, start_lock: int
) -> None:
    """Start the process in a session of its own; it forks once more, see `serve`."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "lsp_server.engine.shared.serve", "--detach"),
            *(str(ready_pipe), str(start_lock)),
            # Nobody can look into an engine's environment.
            *("--runtime", environment["BANTAM_RUNTIME_DIR"]),
        ],
        cwd="/",
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(ready_pipe, start_lock),
        start_new_session=True,
    )
    # The process itself ends at once, and somebody has to collect it.
    threading.Thread(target=process.wait, name="bantam-engine-start", daemon=True).start()


async def _read_all(pipe: io.FileIO) -> bytes:
    """Return what comes out of a pipe until its other end is closed."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        return await reader.read()
    finally:
        transport.close()


def _last_words(path: Path, start: int) -> str:
    with path.open("rb") as file:
        file.seek(start)
        text = file.read().decode(errors="replace").strip()
    if not text:
        return f"It wrote nothing to {path}"
    lines = text[-_QUOTED_CHARS:].splitlines()[-_QUOTED_LINES:]
    return f"The last lines of {path}:\n" + "\n".join(lines)
