"""An engine server in the test's own process, and clients to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from lsp_server.directories import Directories
from lsp_server.engine.api import Engine
from lsp_server.engine.client import EngineClient
from lsp_server.engine.engine_process import STOPPED_MESSAGE, run_engine
from lsp_server.engine.runtime_folder import RuntimeFolder, create_private, runtime_folder
from lsp_server.engine.stop_switch import StopSwitch
from lsp_server.settings.schema import EngineSettings
from tests.support.scripted_engine import ScriptedEngine

Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def folder(bantam_directories: Directories) -> RuntimeFolder:
    """Return the runtime folder, created."""
    folder = runtime_folder(bantam_directories)
    create_private(folder)
    return folder


@pytest.fixture
def until() -> Until:
    """Return a function that waits until a condition holds."""

    async def wait(is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_true():
                await asyncio.sleep(0.01)

    return wait


@dataclass
class Served:
    """A server that runs in this process."""

    engine: ScriptedEngine
    stop: StopSwitch
    task: asyncio.Task[None]


@asynccontextmanager
async def served(
    engine: Engine, folder: RuntimeFolder, settings: EngineSettings
) -> AsyncIterator[tuple[StopSwitch, asyncio.Task[None]]]:
    """Serve an engine until the block ends."""
    stop = StopSwitch(STOPPED_MESSAGE)
    listening = asyncio.Event()
    task = asyncio.create_task(run_engine(lambda _: engine, settings, folder, stop, listening.set))
    waiter = asyncio.create_task(listening.wait())
    try:
        await asyncio.wait({waiter, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield stop, task
    finally:
        waiter.cancel()
        stop.throw()
        await task


@pytest.fixture
def engine() -> ScriptedEngine:
    """Return the engine behind `serving`; tests script it before they ask."""
    return ScriptedEngine()


@pytest_asyncio.fixture
async def serving(engine: ScriptedEngine, folder: RuntimeFolder) -> AsyncIterator[Served]:
    """Serve `engine` at the socket of this test's directories."""
    async with served(engine, folder, EngineSettings()) as (stop, task):
        yield Served(engine, stop, task)


@pytest_asyncio.fixture
async def client(serving: Served, bantam_directories: Directories) -> AsyncIterator[EngineClient]:
    """Return a client of `serving` that starts nothing."""
    client = EngineClient(bantam_directories, start=False)
    yield client
    await client.aclose()
