"""Start and end of `bantam serve`, over raw pipes: what is answered when, and how it exits."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lsp_server.directories import Directories
from tests.support.engine_processes import engines_of
from tests.support.lsp_session import SERVE
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

pytestmark = pytest.mark.e2e


@pytest.fixture
def server() -> Iterator[RawServer]:
    with running(*SERVE) as server:
        yield server
        assert "Traceback" not in server.stderr


def error_codes(server: RawServer) -> dict[object, int]:
    """Return the code of every error that came, by the id of its request."""
    return {one["id"]: one["error"]["code"] for one in server.rest() if "error" in one}


def test_shutdown_and_exit_at_once_end_with_status_0(
    server: RawServer, bantam_directories: Directories
) -> None:
    server.send(initialize(), INITIALIZED, SHUTDOWN, EXIT)
    assert [one["id"] for one in server.rest()] == [1, "shutdown"]
    assert server.wait() == 0
    assert engines_of(bantam_directories) == []


def test_exit_without_shutdown_ends_with_status_1(server: RawServer) -> None:
    server.send(initialize(), INITIALIZED, EXIT)
    assert server.wait() == 1


def test_exit_before_initialize_ends_with_status_1(server: RawServer) -> None:
    server.send(EXIT)
    assert server.wait() == 1


def test_the_end_of_input_ends_the_server(server: RawServer) -> None:
    server.send(initialize(), INITIALIZED)
    server.end_input()
    [answer] = server.rest()
    assert answer["result"]["serverInfo"]["name"] == "bantam"
    assert server.wait() == 0


def test_requests_before_initialize_are_refused(server: RawServer) -> None:
    server.send(SHUTDOWN, request(2, "no/such"), EXIT)
    assert error_codes(server) == {"shutdown": -32002, 2: -32002}


def test_notifications_before_initialize_are_dropped() -> None:
    with running("bantam_probe_server") as server:
        server.send(opening("early"), initialize(), INITIALIZED)
        server.send(request(2, "probe/text", {"uri": URI}))
        assert "error" in server.response(2), "the document is open"
        server.send(opening("in time"))
        assert server.result(3, "probe/text", {"uri": URI}) == "in time"


def test_initialize_is_taken_once_but_may_be_repeated_after_an_error(server: RawServer) -> None:
    server.send(initialize(1, processId="none"), initialize(2), initialize(3), EXIT)
    assert error_codes(server) == {1: -32602, 3: -32600}


def test_after_shutdown_requests_are_refused_and_notifications_dropped(
    server: RawServer,
) -> None:
    server.send(initialize(), INITIALIZED, SHUTDOWN, opening("late"))
    server.send(request(2, "no/such"), request(3, "shutdown"), initialize(4), EXIT)
    assert error_codes(server) == {2: -32600, 3: -32600, 4: -32600}
    assert server.wait() == 0


async def test_one_client_is_served_over_tcp() -> None:
    process = await asyncio.create_subprocess_exec(
        *SERVE, "--tcp", "127.0.0.1:0", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    found = re.search(r"\('127\.0\.0\.1', (\d+)\)", line)
    assert found, line
    reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
    writer.write(framed(initialize(), INITIALIZED, SHUTDOWN, EXIT))
    answers = await reader.read()
    assert re.findall(rb'"id": ("shutdown"|\d)', answers) == [b"1", b'"shutdown"']
    assert await process.wait() == 0
    writer.close()


def test_serving_imports_no_model_library() -> None:
    script = (
        "import sys, lsp_server.server.start\n"
        "heavy = {'llama_cpp', 'aiohttp', 'numpy', 'tree_sitter', 'rich', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert run.stdout.split() == [b"[]"]
