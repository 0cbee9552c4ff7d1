"""Starting the real engine process, sharing it, and what it takes from its starter."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from lsp_server.directories import Directories
from lsp_server.engine.api import EndEvent, ErrorKind, Event, LoadingEvent
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.process import engine_status, stop_engine
from lsp_server.engine.shared.runtime_folder import RuntimeFolder, create_private, runtime_folder
from lsp_server.errors import ConfigError, EngineStartError
from tests.support.engine_processes import (
    engines_of,
    environment_of,
    no_engine_left,
    start_script,
)
from tests.support.scripted_engine import request

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def clean_up(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def folder(bantam_directories: Directories) -> RuntimeFolder:
    """Return the runtime folder, created."""
    folder = runtime_folder(bantam_directories)
    create_private(folder)
    return folder


@pytest_asyncio.fixture
async def client(bantam_directories: Directories) -> AsyncIterator[EngineClient]:
    client = EngineClient(bantam_directories)
    yield client
    await client.aclose()


async def completion(client: EngineClient) -> list[Event]:
    events = [event async for event in client.generate(request())]
    end = events[-1]
    assert isinstance(end, EndEvent)
    assert end.error is None
    return events


def num_starts(directories: Directories) -> int:
    return (directories.logs / "engine.log").read_text().count(" starts\n")


async def test_the_first_request_starts_an_engine_and_the_next_client_finds_it(
    client: EngineClient, bantam_directories: Directories
) -> None:
    events = await completion(client)
    assert isinstance(events[0], LoadingEvent)
    other = EngineClient(bantam_directories, start=False)
    await completion(other)
    assert (await other.status()).pid == (await client.status()).pid
    await other.aclose()
    assert len(engines_of(bantam_directories)) == 1


async def test_eight_windows_that_open_at_the_same_moment_share_one_engine(
    bantam_directories: Directories, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    windows = [start_script("ask_engine_once", str(go), "bantam-embedded") for _ in range(8)]
    for window in windows:
        assert window.stdout is not None
        assert window.stdout.readline() == "waiting\n"
    go.touch()
    answers = [json.loads(window.communicate(timeout=90)[0]) for window in windows]
    assert [answer["error"] for answer in answers] == [None] * 8
    assert len({answer["pid"] for answer in answers}) == 1
    assert [answer["models"] for answer in answers] == [["bantam-embedded"]] * 8
    log = (bantam_directories.logs / "engine.log").read_text()
    assert log.count("loaded ") == 1
    assert num_starts(bantam_directories) == 1
    assert [engine.pid for engine in engines_of(bantam_directories)] == [answers[0]["pid"]]


async def test_an_engine_outlives_its_starter_and_takes_nothing_from_it(
    bantam_directories: Directories,
) -> None:
    starter = start_script("ask_engine_once")
    answer = json.loads(starter.communicate(timeout=90)[0])
    status = await engine_status(bantam_directories)
    assert status is not None
    assert status.pid == answer["pid"]
    engine = psutil.Process(status.pid)
    assert os.getsid(engine.pid) not in {os.getsid(0), starter.pid}
    assert engine.ppid() not in {os.getpid(), starter.pid}
    assert engine.terminal() is None
    environment = environment_of(engine)
    if environment is not None:
        assert "PYTEST_CURRENT_TEST" not in environment
    with contextlib.suppress(psutil.AccessDenied):
        assert engine.cwd() == "/"
    if hasattr(engine, "rlimit"):
        assert engine.rlimit(psutil.RLIMIT_CORE) == (0, 0)


async def test_an_engine_is_no_descendant_of_a_window_that_still_lives(
    client: EngineClient,
) -> None:
    pid = (await client.status()).pid
    assert pid not in {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.mark.parametrize("left", ["stale socket", "plain file"])
async def test_what_a_dead_engine_left_does_not_matter(
    client: EngineClient, folder: RuntimeFolder, left: str
) -> None:
    if left == "plain file":
        folder.socket.write_text("not a socket")
    else:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(folder.socket))
    await completion(client)


async def test_an_engine_that_cannot_start_says_why(
    client: EngineClient, folder: RuntimeFolder
) -> None:
    folder.socket.mkdir()
    [end] = [event async for event in client.generate(request())]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.START
    assert f"cannot listen at {folder.socket}" in end.error.message
    assert "remove what stands there" in end.error.message
    folder.socket.rmdir()
    await completion(client)


async def test_an_engine_that_never_starts_is_not_tried_for_ever(
    client: EngineClient, folder: RuntimeFolder
) -> None:
    folder.log_file.mkdir(parents=True)
    for _ in range(3):
        with pytest.raises(ConfigError, match=f"cannot write {folder.log_file}: Is a directory"):
            await client.status()
    with pytest.raises(EngineStartError, match=f"died 3 times .*{folder.output_file}"):
        await client.status()


async def test_an_interpreter_that_is_gone_is_named(
    client: EngineClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(EngineStartError, match=f"cannot start {tmp_path}.*restart the editor"):
        await client.status()


async def test_a_folder_that_others_can_enter_starts_nothing(
    client: EngineClient, folder: RuntimeFolder, bantam_directories: Directories
) -> None:
    folder.path.chmod(0o770)
    [end] = [event async for event in client.generate(request())]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.CONFIG
    assert "0770" in end.error.message
    assert engines_of(bantam_directories) == []


async def test_a_cancelled_request_does_not_stop_the_start_that_it_began(
    client: EngineClient, bantam_directories: Directories
) -> None:
    for _ in range(3):
        first = asyncio.create_task(completion(client))
        await asyncio.sleep(0)
        first.cancel()
    await completion(client)
    assert num_starts(bantam_directories) == 1


async def test_a_client_that_closes_during_the_start_leaves_a_usable_engine(
    client: EngineClient, folder: RuntimeFolder, bantam_directories: Directories
) -> None:
    first = EngineClient(bantam_directories)
    start = asyncio.create_task(first.status())
    await wait_until(lambda: bool(engines_of(bantam_directories)), timeout_s=60)
    await first.aclose()
    with pytest.raises(asyncio.CancelledError):
        await start
    await completion(client)
    assert len(engines_of(bantam_directories)) == 1
    assert num_starts(bantam_directories) == 1


async def test_an_idle_engine_ends_when_the_users_file_says_whatever_the_window_says(
    bantam_directories: Directories, folder: RuntimeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    bantam_directories.config.mkdir(parents=True)
    bantam_directories.config_file.write_text("[engine]\nexit_after_s = 1\n")
    monkeypatch.setenv("BANTAM_ENGINE_EXIT_AFTER_S", "1000")
    client = EngineClient(bantam_directories)
    await completion(client)
    await client.aclose()
    await wait_until(lambda: not engines_of(bantam_directories), timeout_s=60)
    assert not folder.socket.exists()
    again = EngineClient(bantam_directories)
    await completion(again)
    await again.aclose()


async def test_stop_ends_the_process_and_its_streams(
    client: EngineClient, bantam_directories: Directories
) -> None:
    async with aclosing(client.generate(request(model="fake:slow"))) as events:
        await anext(events)
        assert await stop_engine(bantam_directories) is True
        assert engines_of(bantam_directories) == []
        end = [event async for event in events][-1]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.STOPPED
    assert await stop_engine(bantam_directories) is False
    await completion(client)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_shut_out_and_refused_even_if_the_folder_is_opened_later(
    client: EngineClient, folder: RuntimeFolder
) -> None:
    await completion(client)
    ask = (
        "import os, socket, sys\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "peer = socket.socket(socket.AF_UNIX)\n"
        "try:\n    peer.connect(sys.argv[1])\n"
        "except PermissionError:\n    sys.exit('shut')\n"
        "peer.sendall(b'GET /bantam/v1/status HTTP/1.1\\r\\nHost: e\\r\\n\\r\\n')\n"
        "print(peer.recv(4096).decode())\n"
    )

    async def stranger() -> tuple[bytes, bytes]:
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ask, str(folder.socket)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return await other.communicate()

    # Whoever may enter all folders above still cannot enter the engine's own.
    folder.path.parent.chmod(0o755)
    assert await stranger() == (b"", b"shut\n")
    folder.path.chmod(0o755)
    folder.socket.chmod(0o666)
    answer, _ = await stranger()
    assert b" 403 " in answer
    assert b"pid" not in answer
