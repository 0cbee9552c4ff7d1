"""The life of the engine process: lock, listen, answer until it is idle or told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from lsp_server.engine.api import Engine
from lsp_server.engine.shared.activity import Activity
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.http_server import EngineServer
from lsp_server.engine.shared.listener import Listener
from lsp_server.engine.shared.runtime_folder import RuntimeFolder, create_private
from lsp_server.engine.shared.serving_options import ServingOptions
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.engine.shared.tcp.guard import TcpGuard
from lsp_server.engine.shared.tcp.listener import TcpListener
from lsp_server.engine.shared.upkeep import end_when_idle, unload_idle_models
from lsp_server.engine.shared.wire.versions import own_versions
from lsp_server.errors import EngineStartError
from lsp_server.settings.schema import EngineSettings

LOGGER = logging.getLogger(__name__)

#: What a request hears that was running when the engine was told to stop.
STOPPED_MESSAGE = (
    "the engine was stopped while it worked on this request; the next request starts it again"
)

#: Seconds for an engine that is ending to let go of the lock.
_LOCK_TIMEOUT_S = 15.0


async def take_engine_lock(folder: RuntimeFolder) -> FileLock:
    """Become the only engine of this user, and write down the process id.

    Returns:
        The lock, held.  Write nothing into it at an end on purpose: what is left in it tells of
        a death.

    Raises:
        ConfigError: The runtime folder cannot be used.
        EngineStartError: Another engine runs.
    """
    create_private(folder)
    lock = FileLock(folder.engine_lock)
    try:
        await lock.acquire(_LOCK_TIMEOUT_S)
    except TimeoutError as error:
        raise EngineStartError(
            f"another engine (process {lock.read() or 'unknown'}) is running already; "
            "`bantam engine stop` ends it"
        ) from error
    lock.write(str(os.getpid()))
    return lock


async def run_engine(
    make_engine: Callable[[EngineSettings], Engine],
    settings: EngineSettings,
    folder: RuntimeFolder,
    stop: StopSwitch,
    on_listening: Callable[[], None],
    options: ServingOptions | None = None,
) -> None:
    """Answer clients until nobody needs the engine or the switch is thrown.

    Only the holder of the engine's lock may.

    Args:
        make_engine: Makes what answers; it is closed at the end.
        settings: Of the engine.
        folder: Where the socket is.
        stop: Ends it; thrown by itself when nobody needs it.
        on_listening: Called when clients can connect.
        options: How it is served.

    Raises:
        EngineStartError: The socket, or the TCP port, cannot be had.
    """
    engine = make_engine(settings)
    try:
        await _serve(engine, settings, folder, stop, on_listening, options or ServingOptions())
    finally:
        await engine.aclose()


async def _serve(
    engine: Engine,
    settings: EngineSettings,
    folder: RuntimeFolder,
    stop: StopSwitch,
    on_listening: Callable[[], None],
    options: ServingOptions,
) -> None:
    activity = Activity()
    server = EngineServer(
        engine,
        own_versions(os.getpid()),
        stop,
        activity,
        default_model=options.default_model,
        limits=options.limits,
    )
    listener = Listener(folder.socket)
    sites = [server.socket_site()]
    try:
        await sites[0].start(listener.socket)
        LOGGER.info("listening at %s", folder.socket)
        if options.tcp is not None:
            tcp = TcpListener(options.tcp.address)
            sites.append(server.tcp_site(TcpGuard(tcp.address, options.tcp.secret)))
            await sites[1].start(tcp.socket)
            options.tcp.on_listening(tcp.address)
            LOGGER.info("listening at %s", tcp.address.authority)
        on_listening()
        async with asyncio.TaskGroup() as upkeep:
            tasks = [
                upkeep.create_task(
                    end_when_idle(
                        activity,
                        lambda: options.is_lasting or any(site.transports for site in sites),
                        listener,
                        stop,
                        settings.exit_after_s,
                    )
                ),
                upkeep.create_task(unload_idle_models(engine)),
            ]
            await stop.wait()
            for task in tasks:
                task.cancel()
    finally:
        stop.throw()
        listener.remove()
        for site in sites:
            await site.stop()
        listener.close()
