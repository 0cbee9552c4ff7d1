"""Start and end of `bantam serve`, over raw pipes: what reaches them and how it exits."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from lsp_server.directories import Directories
from tests.support.engine_processes import engines_of
from tests.support.lsp_session import SERVE

pytestmark = pytest.mark.e2e

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "initialized", "params": {}}
SHUTDOWN = {"jsonrpc": "2.0", "id": 2, "method": "shutdown"}
EXIT = {"jsonrpc": "2.0", "method": "exit"}


def framed(*messages: dict[str, Any]) -> bytes:
    bodies = [json.dumps(message).encode() for message in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)


def unframed(data: bytes) -> list[dict[str, Any]]:
    """Return the messages of an output that holds nothing but messages."""
    messages = []
    while data:
        header, _, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", header)
        assert length, f"not a header: {header!r}"
        size = int(length[1])
        messages.append(json.loads(rest[:size]))
        data = rest[size:]
    return messages


def converse(*messages: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Send messages and then the end of input; return the exit status and the answers."""
    run = subprocess.run(SERVE, input=framed(*messages), capture_output=True, check=False)
    assert b"Traceback" not in run.stderr, run.stderr.decode()
    return run.returncode, unframed(run.stdout)


def test_shutdown_and_exit_at_once_end_with_status_0(bantam_directories: Directories) -> None:
    status, answers = converse(INITIALIZE, INITIALIZED, SHUTDOWN, EXIT)
    assert status == 0
    assert [answer["id"] for answer in answers] == [1, 2]
    assert engines_of(bantam_directories) == []


def test_exit_without_shutdown_ends_with_status_1() -> None:
    status, _ = converse(INITIALIZE, INITIALIZED, EXIT)
    assert status == 1


def test_the_end_of_input_ends_the_server() -> None:
    status, [answer] = converse(INITIALIZE, INITIALIZED)
    assert status == 0
    assert answer["result"]["serverInfo"]["name"] == "bantam"


def test_requests_before_initialize_are_refused() -> None:
    status, [answer] = converse(SHUTDOWN, EXIT)
    assert answer["error"]["code"] == -32002
    assert status == 1


async def test_one_client_is_served_over_tcp() -> None:
    process = await asyncio.create_subprocess_exec(
        *SERVE, "--tcp", "127.0.0.1:0", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    found = re.search(r"\('127\.0\.0\.1', (\d+)\)", line)
    assert found, line
    reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
    writer.write(framed(INITIALIZE, INITIALIZED, SHUTDOWN, EXIT))
    answers = unframed(await reader.read())
    assert [answer["id"] for answer in answers] == [1, 2]
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
