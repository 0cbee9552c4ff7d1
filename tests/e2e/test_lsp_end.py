"""However a session ends: soon, quietly, with nothing left behind.

`-s` shows how long each end takes; nothing is asserted about it but that it comes.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import itertools
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import psutil
import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.runtime_folder import create_private, runtime_folder
from lsp_server.settings.schema import EngineSettings
from tests.support.engine_processes import engines_of, no_engine_left, uses_runtime
from tests.support.lsp_session import SERVE, eventually
from tests.support.raw_pipe import (
    EXIT,
    INITIALIZED,
    SHUTDOWN,
    URI,
    RawServer,
    framed,
    initialize,
    opening,
    request,
    running,
)
from tests.support.scripted_engine import ScriptedEngine, text_event
from tests.support.served_engine import served

pytestmark = pytest.mark.e2e

TEXT = "def add(a, b):\n    return "
AT_END = {
    "textDocument": {"uri": URI},
    "position": {"line": 1, "character": 11},
    "context": {"triggerKind": 1},
}
QUESTION = request("question", "textDocument/inlineCompletion", AT_END)


def end_by_signal(number: signal.Signals) -> Callable[[RawServer, subprocess.Popen[bytes]], None]:
    return lambda server, parent: server.process.send_signal(number)


def lose_the_output(server: RawServer, parent: subprocess.Popen[bytes]) -> None:
    server.stop_reading()
    # The first answer is read, and then the pipe is closed; one of the next finds it so.
    with contextlib.suppress(BrokenPipeError):
        for number in itertools.count():
            server.send(request(f"lost {number}", "workspace/executeCommand", {"command": "no"}))
            time.sleep(0.001)


def lose_the_parent(server: RawServer, parent: subprocess.Popen[bytes]) -> None:
    parent.kill()
    parent.wait()


#: What ends a session, and the exit status after it.
ENDS: dict[str, tuple[Callable[[RawServer, subprocess.Popen[bytes]], None], int]] = {
    "shutdown and exit": (lambda server, _: server.send(SHUTDOWN, EXIT), 0),
    "exit": (lambda server, _: server.send(EXIT), 1),
    "end of input": (lambda server, _: server.end_input(), 0),
    "SIGTERM": (end_by_signal(signal.SIGTERM), 128 + signal.SIGTERM),
    "SIGINT": (end_by_signal(signal.SIGINT), 128 + signal.SIGINT),
    "SIGHUP": (end_by_signal(signal.SIGHUP), 128 + signal.SIGHUP),
    "broken pipe": (lose_the_output, 1),
    "parent gone": (lose_the_parent, 1),
}


@contextlib.asynccontextmanager
async def waiting_engine(directories: Directories) -> AsyncIterator[ScriptedEngine]:
    """Serve an engine whose answers begin and do not end."""
    engine = ScriptedEngine(events=(text_event("a"),), gate=asyncio.Event())
    folder = runtime_folder(directories)
    create_private(folder)
    async with served(engine, folder, EngineSettings()):
        yield engine


@pytest.fixture
def parent() -> Any:
    """Give a process that is there until it is killed."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("way", ENDS)
async def test_a_running_completion_neither_delays_the_end_nor_goes_on(
    way: str, bantam_directories: Directories, parent: subprocess.Popen[bytes]
) -> None:
    end, status = ENDS[way]
    async with waiting_engine(bantam_directories) as engine:
        with running(*SERVE) as server:
            server.send(initialize(processId=parent.pid), INITIALIZED, opening(TEXT), QUESTION)
            await eventually(lambda: engine.num_open == 1)
            start = time.monotonic()
            await asyncio.to_thread(end, server, parent)
            assert await asyncio.to_thread(server.wait) == status
            print(f"{way}: the process ended after {time.monotonic() - start:.2f} s")
            assert server.stderr == "" or way == "broken pipe"
            if way != "broken pipe":
                await asyncio.to_thread(server.rest)
                assert len(server.responses("question")) == 1
            assert "Traceback" not in server.stderr
        await eventually(lambda: engine.num_open == 0)


def test_a_parent_that_is_gone_already_ends_the_server() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    with running(*SERVE) as server:
        server.send(initialize(processId=gone.pid))
        assert "result" in server.response(1)
        assert server.wait() == 1


def test_a_client_that_names_no_parent_is_served() -> None:
    with running(*SERVE) as server:
        server.send(initialize(processId=None), INITIALIZED, request(2, "no/such"))
        assert server.response(2)["error"]["code"] == -32601
        assert server.end() == 0


@pytest.mark.parametrize("way", ["SIGTERM", "shutdown and exit", "parent gone"])
def test_busy_threads_do_not_hold_up_the_end(way: str, parent: subprocess.Popen[bytes]) -> None:
    end, status = ENDS[way]
    with running("bantam_probe_server") as server:
        server.send(initialize(processId=parent.pid), INITIALIZED)
        server.send(*[request(n, "probe/block", {"timeout_s": 1_000.0}) for n in range(40)])
        server.result("echo", "probe/echo", {"value": 1})
        start = time.monotonic()
        end(server, parent)
        assert server.wait() == status
        print(f"{way}: the process ended after {time.monotonic() - start:.2f} s")


def test_a_client_that_does_not_read_does_not_hold_up_the_end() -> None:
    command = [sys.executable, "-m", "tests.support.bantam_probe_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        flood = request(2, "probe/flood", {"num_messages": 20})
        process.stdin.write(framed(initialize(), INITIALIZED, flood))
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while num_waiting_bytes(process.stdout.fileno()) < 60_000:
            assert time.monotonic() < deadline, "the pipe does not fill"
            time.sleep(0.01)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
        print(f"a full pipe: the process ended after {time.monotonic() - start:.2f} s")


def num_waiting_bytes(descriptor: int) -> int:
    number = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, number)
    return number[0]


@pytest.mark.real_model
def test_only_the_shared_engine_is_left(bantam_directories: Directories) -> None:
    with no_engine_left(bantam_directories), running(*SERVE) as server:
        server.send(initialize(), INITIALIZED, opening(TEXT), QUESTION)
        assert server.response("question")["result"]["items"]
        assert server.end() == 0
        left = processes_of(bantam_directories) - {os.getpid()}
        assert left == {engine.pid for engine in engines_of(bantam_directories)}
        assert len(left) == 1


def processes_of(directories: Directories) -> set[int]:
    """Return all processes that use these directories."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if uses_runtime(process, str(directories.runtime)):
                found.add(process.pid)
    return found
