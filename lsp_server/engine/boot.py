"""Turn a fresh process into the engine process: limits, log, settings, then `run_engine`."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys
import threading
import time

from lsp_server.directories import directories
from lsp_server.engine.engine_process import STOPPED_MESSAGE, run_engine
from lsp_server.engine.local import create_local_engine
from lsp_server.engine.log_file import set_up_log
from lsp_server.engine.runtime_folder import RuntimeFolder, runtime_folder
from lsp_server.engine.spawn import READY
from lsp_server.engine.stop_switch import StopSwitch
from lsp_server.errors import BantamError
from lsp_server.settings.load import load_user_settings
from lsp_server.settings.problems import LoadedSettings
from lsp_server.settings.schema import EngineSettings
from lsp_server.version import __version__

LOGGER = logging.getLogger(__name__)

#: Seconds for an end; native code may hang.
_END_TIMEOUT_S = 5.0


def serve(ready_pipe: int | None) -> int:
    """Run the engine and return the exit status.

    Args:
        ready_pipe: A file descriptor to write `READY` to when clients can connect; it is
            closed then, and of course when the process ends before.
    """
    os.umask(0o077)
    # A core would hold the documents of every window.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _serve(ready_pipe)
    except BantamError as error:
        LOGGER.error("%s", error)
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _serve(ready_pipe: int | None) -> None:
    folder = runtime_folder(directories())
    loaded = _settings()
    set_up_log(folder.log_file, loaded.settings.log.level)
    LOGGER.info("Bantam %s starts", __version__)
    for problem in loaded.problems:
        LOGGER.warning("%s", problem)

    asyncio.run(_run(loaded.settings.engine, folder, ready_pipe))


async def _run(settings: EngineSettings, folder: RuntimeFolder, ready_pipe: int | None) -> None:
    def say_ready() -> None:
        if ready_pipe is not None:
            os.write(ready_pipe, READY)
            os.close(ready_pipe)

    stop = StopSwitch(STOPPED_MESSAGE)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.throw)
    watch = asyncio.create_task(_cut_short_an_end_that_hangs(stop))
    await run_engine(create_local_engine, settings, folder, stop, say_ready)
    watch.cancel()


async def _cut_short_an_end_that_hangs(stop: StopSwitch) -> None:
    """Make sure that the process ends after the switch was thrown, whatever native code does."""

    def end() -> None:
        time.sleep(_END_TIMEOUT_S)
        LOGGER.error("did not end within %g s; cut short", _END_TIMEOUT_S)
        os._exit(1)

    await stop.wait()
    threading.Thread(target=end, name="bantam-engine-end", daemon=True).start()


def _settings() -> LoadedSettings:
    """Load what the user's own file says.

    The engine serves every window: the environment of the one that happened to start it has
    no say.
    """
    return load_user_settings(environment={})
