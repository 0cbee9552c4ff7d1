"""How long a client waits for an engine that says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from lsp_server.directories import Directories
from lsp_server.engine import client as client_module
from lsp_server.engine.api import EndEvent, EndReason, ErrorKind, Limits
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared.runtime_folder import create_private, runtime_folder
from lsp_server.engine.shared.wire import messages, patience
from lsp_server.engine.shared.wire.versions import own_versions
from lsp_server.errors import EngineSilentError
from tests.support.scripted_engine import request

LIMITED = request(limits=Limits(max_tokens=8, max_ms=100))


class HangingEngine:
    """Takes every request and answers none but `hello`, until it is stopped.

    Attributes:
        signs_of_life: A sign for each answer to `hello`.
    """

    def __init__(self) -> None:
        self.signs_of_life = asyncio.Semaphore(0)
        self._lives = True

    def stop(self) -> None:
        self._lives = False

    async def hello(self, _request: web.Request) -> web.Response:
        if not self._lives:
            await asyncio.Event().wait()
        self.signs_of_life.release()
        return web.json_response({**_versions()})

    async def hang(self, _request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError("nothing comes after this")


def _versions() -> dict[str, object]:
    versions = own_versions()
    return {name: getattr(versions, name) for name in versions.__struct_fields__}


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_QUIET_S", 0.05)
    monkeypatch.setattr(client_module, "_GRACE_S", 1.5)


@asynccontextmanager
async def hanging(directories: Directories) -> AsyncIterator[tuple[EngineClient, HangingEngine]]:
    engine = HangingEngine()
    app = web.Application()
    app.router.add_get(messages.HELLO_PATH, engine.hello)
    for path in (messages.GENERATE_PATH, messages.DESCRIBE_PATH, messages.COUNT_PATH):
        app.router.add_post(path, engine.hang)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    folder = runtime_folder(directories)
    create_private(folder)
    await web.UnixSite(runner, str(folder.socket)).start()
    client = EngineClient(directories, start=False)
    try:
        yield client, engine
    finally:
        await client.aclose()
        await runner.cleanup()


async def end_of(client: EngineClient) -> EndEvent:
    [event] = [event async for event in client.generate(LIMITED)]
    assert isinstance(event, EndEvent)
    return event


async def test_a_request_that_the_engine_forgets_ends_in_its_time(
    bantam_directories: Directories,
) -> None:
    async with hanging(bantam_directories) as (client, _):
        end = await end_of(client)
        assert end.error is None
        assert end.reasons == (EndReason.TIME,)


async def test_an_engine_that_lived_is_not_called_silent_for_the_moment_that_was_left(
    bantam_directories: Directories,
) -> None:
    async with hanging(bantam_directories) as (client, engine):
        await end_of(client)
        ending = asyncio.create_task(end_of(client))
        engine.signs_of_life = asyncio.Semaphore(0)
        await engine.signs_of_life.acquire()
        engine.stop()
        end = await ending
        assert end.error is None
        assert end.reasons == (EndReason.TIME,)


async def test_an_engine_without_a_sign_of_life_is_reported_with_its_log(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hanging(bantam_directories) as (client, engine):
        await end_of(client)
        engine.stop()
        monkeypatch.setattr(patience, "_ALIVE_TIMEOUT_S", 0.3)
        end = await end_of(client)
        assert end.error is not None
        assert end.error.kind is ErrorKind.SILENT
        assert "bantam engine stop" in end.error.message
        assert str(bantam_directories.logs / "engine.log") in end.error.message


async def test_a_description_without_a_limit_waits_while_the_engine_lives(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hanging(bantam_directories) as (client, engine):
        describing = asyncio.create_task(client.describe("fake"))
        done, _ = await asyncio.wait({describing}, timeout=0.5)
        assert not done
        engine.stop()
        monkeypatch.setattr(patience, "_ALIVE_TIMEOUT_S", 0.3)
        with pytest.raises(EngineSilentError):
            await describing
