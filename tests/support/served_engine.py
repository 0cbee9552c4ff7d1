"""An engine served at a socket from the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lsp_server.engine.api import Engine
from lsp_server.engine.shared.engine_process import STOPPED_MESSAGE, run_engine, take_engine_lock
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.engine.shared.serving_options import ServingOptions
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.settings.schema import EngineSettings


@dataclass
class Served:
    """A server that runs in this process, until its switch is thrown."""

    engine: Engine
    stop: StopSwitch
    task: asyncio.Task[None]


@asynccontextmanager
async def served(
    engine: Engine,
    folder: RuntimeFolder,
    settings: EngineSettings,
    options: ServingOptions | None = None,
) -> AsyncIterator[Served]:
    """Serve an engine until the block ends."""
    stop = StopSwitch(STOPPED_MESSAGE)
    lock = await take_engine_lock(folder)
    listening = asyncio.Event()

    async def run() -> None:
        try:
            await run_engine(lambda _: engine, settings, folder, stop, listening.set, options)
            lock.write("")
        finally:
            lock.release()

    task = asyncio.create_task(run())
    waiter = asyncio.create_task(listening.wait())
    try:
        await asyncio.wait({waiter, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield Served(engine, stop, task)
    finally:
        waiter.cancel()
        stop.throw()
        await task
