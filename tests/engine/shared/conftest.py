"""An engine server in the test's own process, and clients to it."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from lsp_server.directories import Directories
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared import ending
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.runtime_folder import RuntimeFolder, create_private, runtime_folder
from lsp_server.settings.schema import EngineSettings
from tests.support.scripted_engine import ScriptedEngine
from tests.support.served_engine import Served, served


@pytest.fixture
def folder(bantam_directories: Directories) -> RuntimeFolder:
    """Return the runtime folder, created."""
    folder = runtime_folder(bantam_directories)
    create_private(folder)
    return folder


@pytest.fixture(autouse=True)
def no_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where an engine would be killed: it runs in the process of the tests."""

    def fail(folder: RuntimeFolder) -> None:
        raise AssertionError(f"the engine in {folder.path} should have ended by itself")

    monkeypatch.setattr(ending, "_kill", fail)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Return a function that waits until a condition holds."""
    return functools.partial(wait_until, timeout_s=30.0)


@pytest.fixture
def engine() -> ScriptedEngine:
    """Return the engine behind `serving`; tests script it before they ask."""
    return ScriptedEngine()


@pytest_asyncio.fixture
async def serving(engine: ScriptedEngine, folder: RuntimeFolder) -> AsyncIterator[Served]:
    """Serve `engine` at the socket of this test's directories."""
    async with served(engine, folder, EngineSettings()) as running:
        yield running


@pytest_asyncio.fixture
async def client(serving: Served, bantam_directories: Directories) -> AsyncIterator[EngineClient]:
    """Return a client of `serving` that starts nothing."""
    client = EngineClient(bantam_directories, start=False)
    yield client
    await client.aclose()
