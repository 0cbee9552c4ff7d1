"""Real engine processes of other versions, as after an upgrade."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager

import pytest
import pytest_asyncio

from lsp_server.directories import Directories
from lsp_server.engine.api import PROTOCOL_VERSION, EndEvent, EndReason, ErrorKind, Limits
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared import process
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.process import engine_status, stop_engine
from lsp_server.engine.shared.runtime_folder import runtime_folder
from lsp_server.engine.shared.wire.versions import Versions
from lsp_server.errors import EngineVersionError
from tests.support.engine_processes import engines_of, no_engine_left, start_script
from tests.support.scripted_engine import request

pytestmark = pytest.mark.e2e

OLD = Versions(protocol_version=PROTOCOL_VERSION, package_version="0.0.1", llama_cpp_build="")


@pytest.fixture(autouse=True)
def clean_up(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest_asyncio.fixture
async def client(bantam_directories: Directories) -> AsyncIterator[EngineClient]:
    client = EngineClient(bantam_directories)
    yield client
    await client.aclose()


@asynccontextmanager
async def engine_of(
    directories: Directories, package_version: str, protocol_version: int
) -> AsyncIterator[subprocess.Popen[str]]:
    """Run an engine of another version until the block ends."""
    engine = start_script("engine_of_version", package_version, str(protocol_version))
    try:
        await wait_until(runtime_folder(directories).socket.exists, timeout_s=60)
        yield engine
    finally:
        engine.kill()
        engine.communicate()


async def test_a_newer_client_puts_its_engine_in_the_place_of_an_older_one(
    client: EngineClient, bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_window = EngineClient(bantam_directories)
    async with (
        engine_of(bantam_directories, OLD.package_version, OLD.protocol_version) as engine,
        aclosing(old_window.generate(request(model="fake:slow"))) as events,
    ):
        with monkeypatch.context() as patch:
            patch.setattr(process, "own_versions", lambda: OLD)
            await anext(events)
        replacing = asyncio.create_task(client.status())
        end = [event async for event in events][-1]
        assert isinstance(end, EndEvent)
        assert end.reasons == (EndReason.LENGTH,), "what ran came to its own end"
        new_pid = (await replacing).pid
        assert new_pid != engine.pid
        assert await asyncio.to_thread(engine.wait, 30) == 0
        with monkeypatch.context() as patch:
            patch.setattr(process, "own_versions", lambda: OLD)
            assert (await old_window.status()).pid == new_pid
        await old_window.aclose()
    assert [engine.pid for engine in engines_of(bantam_directories)] == [new_pid]


async def test_an_older_engine_is_not_waited_for_without_end(
    client: EngineClient, bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_DRAIN_S", 0.2)
    old_window = EngineClient(bantam_directories)
    endless = request(model="fake:slow", limits=Limits(max_tokens=5_000))
    async with (
        engine_of(bantam_directories, OLD.package_version, OLD.protocol_version) as engine,
        aclosing(old_window.generate(endless)) as events,
    ):
        with monkeypatch.context() as patch:
            patch.setattr(process, "own_versions", lambda: OLD)
            await anext(events)
        assert (await client.status()).pid != engine.pid
        end = [event async for event in events][-1]
        assert isinstance(end, EndEvent)
        assert end.error is not None
        assert end.error.kind is ErrorKind.STOPPED
        await old_window.aclose()


async def test_a_client_whose_installation_was_put_back_does_not_replace_its_own_engine(
    client: EngineClient, bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Versions(protocol_version=PROTOCOL_VERSION, package_version="99.0", llama_cpp_build="")
    monkeypatch.setattr(process, "own_versions", lambda: newer)
    with pytest.raises(EngineVersionError, match="restart the editor"):
        await client.status()


async def test_an_engine_of_an_older_protocol_is_replaced(
    client: EngineClient, bantam_directories: Directories
) -> None:
    async with engine_of(bantam_directories, "0.0.1", PROTOCOL_VERSION - 1) as engine:
        assert (await client.status()).pid != engine.pid
        assert await asyncio.to_thread(engine.wait, 30) == 0


async def test_an_engine_of_a_newer_protocol_is_left_alone_but_can_be_seen_and_stopped(
    client: EngineClient, bantam_directories: Directories
) -> None:
    async with engine_of(bantam_directories, "99.0", PROTOCOL_VERSION + 1) as engine:
        with pytest.raises(EngineVersionError, match=r"Bantam 99\.0.*restart the editor"):
            await client.status()
        [end] = [event async for event in client.generate(request())]
        assert isinstance(end, EndEvent)
        assert end.error is not None
        assert end.error.kind is ErrorKind.VERSION
        status = await engine_status(bantam_directories)
        assert status is not None
        assert status.pid == engine.pid
        assert await stop_engine(bantam_directories) is True
        assert await asyncio.to_thread(engine.wait, 30) == 0
