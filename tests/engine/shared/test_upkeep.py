"""When the engine ends by itself, and that it unloads models before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lsp_server.directories import Directories
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared import upkeep
from lsp_server.engine.shared.activity import Activity
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.listener import Listener
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.engine.shared.upkeep import end_when_idle, unload_idle_models
from lsp_server.settings.schema import EngineSettings
from tests.support.scripted_engine import ScriptedEngine
from tests.support.served_engine import served


class Clock:
    """A clock that stands still until it is set."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Watched:
    """`end_when_idle` with a clock of its own; it looks every 10 ms."""

    def __init__(self, folder: RuntimeFolder) -> None:
        self.clock = Clock()
        self.activity = Activity(self.clock)
        self.listener = Listener(folder.socket)
        self.stop = StopSwitch("")
        self.is_connected = False
        self.num_looks = 0
        self.task = asyncio.create_task(
            end_when_idle(self.activity, self.has_connections, self.listener, self.stop, 0.04)
        )

    def has_connections(self) -> bool:
        self.num_looks += 1
        return self.is_connected


@pytest_asyncio.fixture
async def watched(folder: RuntimeFolder) -> AsyncIterator[Watched]:
    watched = Watched(folder)
    yield watched
    watched.task.cancel()
    watched.listener.close()


async def test_it_ends_when_it_was_idle_for_long_enough(watched: Watched) -> None:
    watched.clock.now_s = 1.0
    await watched.task
    assert watched.stop.is_thrown


async def test_it_goes_on_while_less_time_has_passed(watched: Watched, until) -> None:
    watched.clock.now_s = 0.03
    await until(lambda: watched.num_looks > 5)
    assert not watched.stop.is_thrown


async def test_it_goes_on_while_a_client_is_connected(watched: Watched, until) -> None:
    watched.is_connected = True
    watched.clock.now_s = 1.0
    await until(lambda: watched.num_looks > 5)
    assert not watched.stop.is_thrown
    watched.is_connected = False
    watched.clock.now_s = 2.0
    await watched.task


async def test_it_goes_on_while_a_request_runs_and_counts_from_its_end(
    watched: Watched, until
) -> None:
    with watched.activity.request():
        watched.clock.now_s = 1.0
        await until(lambda: watched.num_looks > 5)
        assert not watched.stop.is_thrown
    assert watched.activity.idle_s == 0.0
    watched.clock.now_s = 2.0
    await watched.task


async def test_it_ends_when_its_socket_is_gone(watched: Watched, folder: RuntimeFolder) -> None:
    folder.socket.unlink()
    await watched.task
    assert watched.stop.is_thrown


async def test_a_server_that_nobody_asks_ends_and_leaves_nothing_behind(
    engine: ScriptedEngine, folder: RuntimeFolder, bantam_directories: Directories
) -> None:
    async with served(engine, folder, EngineSettings(exit_after_s=1)) as running:
        client = EngineClient(bantam_directories, start=False)
        await client.status()
        await client.aclose()
        await running.task
    assert engine.is_closed
    assert not folder.socket.exists()
    assert FileLock(folder.engine_lock).read() == ""


async def test_idle_models_are_unloaded_again_and_again_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, until
) -> None:
    class Unloading(ScriptedEngine):
        num_calls = 0

        def unload_idle(self) -> int:
            self.num_calls += 1
            if self.num_calls == 1:
                raise ValueError("broken")
            return 1

    monkeypatch.setattr(upkeep, "_LONGEST_PERIOD_S", 0.01)
    engine = Unloading()
    task = asyncio.create_task(unload_idle_models(engine))
    await until(lambda: engine.num_calls > 3)
    task.cancel()
