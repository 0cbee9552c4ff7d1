"""Finding an engine and ending it, with one that is served from the test's own process."""

from __future__ import annotations

import asyncio
import os

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.api import EndEvent, ErrorKind
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared import process
from lsp_server.engine.shared.engine_process import take_engine_lock
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.process import engine_status, stop_engine
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.engine.shared.wire import connection
from lsp_server.engine.shared.wire.versions import Versions, own_versions
from lsp_server.errors import ConfigError, EngineSilentError, EngineStartError, EngineVersionError
from tests.support.scripted_engine import ScriptedEngine, request


def newer(versions: Versions, *, protocols: int = 0) -> Versions:
    return Versions(
        protocol_version=versions.protocol_version + protocols,
        package_version="99.0",
        llama_cpp_build=versions.llama_cpp_build,
    )


async def test_status_and_stop_without_an_engine_start_none_and_create_nothing(
    bantam_directories: Directories,
) -> None:
    assert await engine_status(bantam_directories) is None
    assert await stop_engine(bantam_directories) is False
    assert not bantam_directories.runtime.exists()


async def test_status_and_stop_with_a_stale_socket(
    bantam_directories: Directories, folder: RuntimeFolder
) -> None:
    folder.socket.write_text("")
    assert await engine_status(bantam_directories) is None
    assert await stop_engine(bantam_directories) is False


async def test_status_of_a_running_engine(serving, bantam_directories: Directories) -> None:
    status = await engine_status(bantam_directories)
    assert status is not None
    assert status.pid == os.getpid()


async def test_stop_ends_a_running_engine(serving, bantam_directories: Directories) -> None:
    assert await stop_engine(bantam_directories) is True
    assert await engine_status(bantam_directories) is None
    assert await stop_engine(bantam_directories) is False


async def test_status_in_a_folder_that_others_can_enter_is_refused(
    serving, bantam_directories: Directories, folder: RuntimeFolder
) -> None:
    folder.path.chmod(0o755)
    with pytest.raises(ConfigError, match="0755"):
        await engine_status(bantam_directories)


async def test_a_client_sends_nothing_into_a_folder_that_others_can_enter(
    client: EngineClient, engine: ScriptedEngine, folder: RuntimeFolder
) -> None:
    folder.path.chmod(0o755)
    [end] = [event async for event in client.generate(request())]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.CONFIG
    assert engine.requests == []


async def test_a_client_sends_nothing_to_a_process_of_another_user(
    client: EngineClient, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "is_own_user", lambda peer: False)
    [end] = [event async for event in client.generate(request())]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert "served by another user" in end.error.message
    assert engine.requests == []


async def test_an_older_client_goes_on_with_a_newer_engine_of_its_protocol(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_versions()
    older = Versions(
        protocol_version=own.protocol_version, package_version="0.0.1", llama_cpp_build=""
    )
    monkeypatch.setattr(process, "own_versions", lambda: older)
    assert (await client.status()).models


async def test_a_client_of_an_older_protocol_is_told_to_restart_the_editor(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = Versions(protocol_version=0, package_version="0.0.1", llama_cpp_build="")
    monkeypatch.setattr(process, "own_versions", lambda: older)
    with pytest.raises(EngineVersionError, match=r"older Bantam 0\.0\.1.*restart the editor"):
        await client.status()


async def test_a_newer_client_that_may_not_start_an_engine_says_that_none_fits(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "own_versions", lambda: newer(own_versions()))
    with pytest.raises(EngineStartError, match="no engine of this version"):
        await client.status()


async def test_an_engine_that_does_not_answer_is_named_with_what_to_do(
    client: EngineClient, folder: RuntimeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_ANSWER_TIMEOUT_S", 0.05)
    monkeypatch.setattr(connection.Connection, "hello", lambda self: asyncio.sleep(60))
    with pytest.raises(EngineSilentError, match=f"process {os.getpid()}.*bantam engine stop"):
        await client.status()


async def test_a_second_engine_gives_way(
    serving, folder: RuntimeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsp_server.engine.shared.engine_process._LOCK_TIMEOUT_S", 0.05)
    with pytest.raises(EngineStartError, match=f"process {os.getpid()}.*is running already"):
        await take_engine_lock(folder)
    assert folder.socket.exists()
    assert FileLock(folder.engine_lock).is_held()


async def test_on_windows_the_limit_is_named(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    client = EngineClient(bantam_directories)
    with pytest.raises(EngineStartError, match="WSL"):
        await client.status()
    await client.aclose()


async def test_a_socket_path_that_is_too_long_is_an_error_of_the_request(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANTAM_RUNTIME_DIR", str(bantam_directories.runtime / ("r" * 100)))
    from lsp_server.directories import directories

    client = EngineClient(directories())
    [end] = [event async for event in client.generate(request())]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.CONFIG
    assert "BANTAM_RUNTIME_DIR" in end.error.message
    await client.aclose()
