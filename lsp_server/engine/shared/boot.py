"""Turn a fresh process into the engine process: limits, log, settings, then `run_engine`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from lsp_server.directories import directories
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.local import create_local_engine
from lsp_server.engine.shared.core_dumps import forbid_core_dumps
from lsp_server.engine.shared.engine_process import STOPPED_MESSAGE, run_engine, take_engine_lock
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.http_limits import RequestLimits
from lsp_server.engine.shared.log_file import set_up_log
from lsp_server.engine.shared.runtime_folder import RuntimeFolder, runtime_folder
from lsp_server.engine.shared.serving_options import ServingOptions, TcpOptions
from lsp_server.engine.shared.spawn import READY
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.engine.shared.tcp.address import TcpAddress, parse_tcp_address
from lsp_server.engine.shared.tcp.secret import load_or_create_secret, secret_file
from lsp_server.errors import BantamError
from lsp_server.native_heap import keep_heap_small
from lsp_server.settings.load import load_user_settings
from lsp_server.settings.schema import EngineSettings, Settings
from lsp_server.version import __version__

LOGGER = logging.getLogger(__name__)

#: Seconds for an end; native code may hang.
_END_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class _Starter:
    """The client that started this process and waits to hear what became of it.

    Attributes:
        ready_pipe: File descriptor of its pipe.
        start_lock: File descriptor that keeps others from starting an engine until then.
    """

    ready_pipe: int
    start_lock: int

    def say_ready(self) -> None:
        os.close(self.start_lock)
        self._say(READY)

    def say_refusal(self, error: BantamError) -> None:
        self._say(msgspec.json.encode(report_of(error)))

    def _say(self, text: bytes) -> None:
        with suppress(BrokenPipeError):  # The starter has gone; others will come.
            os.write(self.ready_pipe, text)
        os.close(self.ready_pipe)


def serve(*, tcp: str | None = None, is_lasting: bool = False) -> int:
    """Run the engine in the foreground and return the exit status.

    Args:
        tcp: `HOST:PORT` to listen at besides the socket; standard output tells of it.
        is_lasting: Whether it goes on when nobody uses it.
    """
    return _serve(None, tcp=tcp, is_lasting=is_lasting)


def serve_detached(ready_pipe: int, start_lock: int) -> int:
    """Run an engine that was started by a client and return the exit status.

    Args:
        ready_pipe: File descriptor to write `READY` to when clients can connect, or why they
            cannot.
        start_lock: File descriptor that keeps others from starting an engine until then.

    Both are closed then, and of course when the process ends before.
    """
    return _serve(_Starter(ready_pipe, start_lock))


def _serve(starter: _Starter | None, *, tcp: str | None = None, is_lasting: bool = False) -> int:
    keep_heap_small()
    os.umask(0o077)
    forbid_core_dumps()
    waiting = [starter] if starter else []

    def on_listening() -> None:
        if waiting:
            waiting.pop().say_ready()

    try:
        folder = runtime_folder(directories())
        settings = _load_settings(folder)
        options = ServingOptions(
            default_model=settings.model.name,
            limits=RequestLimits.of(settings.engine),
            tcp=_tcp_options(tcp) if tcp else None,
            is_lasting=is_lasting,
        )
        asyncio.run(_run(settings.engine, folder, on_listening, options))
    except BantamError as error:
        LOGGER.error("%s", error)
        sys.stderr.write(f"{error}\n")
        if waiting:
            waiting.pop().say_refusal(error)
        return 1
    except Exception:
        LOGGER.exception("ended by a fault")
        raise
    return 0


def _load_settings(folder: RuntimeFolder) -> Settings:
    """Load what the user's own file says, and set up the log as it says.

    The engine serves every window: the environment of the one that happened to start it has
    no say.
    """
    loaded = load_user_settings(environment={})
    set_up_log(folder.log_file, loaded.settings.log.level)
    LOGGER.info("Bantam %s starts", __version__)
    for problem in loaded.problems:
        LOGGER.warning("%s", problem)
    return loaded.settings


def _tcp_options(address: str) -> TcpOptions:
    """Return how to listen at an address, with the secret of this user.

    Raises:
        ConfigError: The address or the file of the secret cannot be used.
    """
    path = secret_file(directories())

    def tell(had: TcpAddress) -> None:
        sys.stdout.write(
            f"listening at http://{had.authority}; the key is in {path}\n"
            f"OpenAI-compatible tools use http://{had.authority}/v1, llama.vim "
            f"http://{had.authority}/infill; Ctrl+C ends the engine\n"
        )
        sys.stdout.flush()

    return TcpOptions(parse_tcp_address(address), load_or_create_secret(path), tell)


async def _run(
    settings: EngineSettings,
    folder: RuntimeFolder,
    on_listening: Callable[[], None],
    options: ServingOptions,
) -> None:
    stop = StopSwitch(STOPPED_MESSAGE)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.throw)
    # Not released but left to the end of the process: only then may another one start.
    lock = await take_engine_lock(folder)
    watch = asyncio.create_task(_cut_short_an_end_that_hangs(stop, lock))
    await run_engine(create_local_engine, settings, folder, stop, on_listening, options)
    lock.write("")
    watch.cancel()
    LOGGER.info("ended")


async def _cut_short_an_end_that_hangs(stop: StopSwitch, lock: FileLock) -> None:
    """Make sure that the process ends after the switch was thrown, whatever native code does."""

    def end() -> None:
        time.sleep(_END_TIMEOUT_S)
        LOGGER.error("did not end within %g s; cut short", _END_TIMEOUT_S)
        lock.write("")
        os._exit(1)

    await stop.wait()
    threading.Thread(target=end, name="bantam-engine-end", daemon=True).start()
