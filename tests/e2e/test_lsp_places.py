"""Folders that are full, read-only or somebody else's, as an editor meets them over a raw pipe.

What the command line says of them is in `test_refused_places.py`; a server answers all the same.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.runtime_folder import create_private, runtime_folder
from tests.support.engine_processes import no_engine_left
from tests.support.lsp_session import SERVE
from tests.support.places import full, read_only
from tests.support.raw_pipe import (
    INITIALIZED,
    URI,
    RawServer,
    initialize,
    opening,
    request,
    running,
)

pytestmark = pytest.mark.e2e

#: Makes a fault, and returns the beginning of the command line that meets it.
Make = Callable[[Directories], list[str]]
NOBODY = 65_534


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


def foreign_runtime(directories: Directories) -> list[str]:
    if os.geteuid() != 0:
        pytest.skip("only the superuser can give a folder away")
    directories.runtime.mkdir(mode=0o700)
    os.chown(directories.runtime, NOBODY, NOBODY)
    return []


def open_runtime(directories: Directories) -> list[str]:
    directories.runtime.mkdir()
    directories.runtime.chmod(0o777)
    return []


def file_as_state(directories: Directories) -> list[str]:
    directories.state.write_text("no folder")
    return []


def stale_socket(directories: Directories) -> list[str]:
    folder = runtime_folder(directories)
    create_private(folder)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder.socket))
    return []


HINDERING: dict[str, tuple[Make, str, str]] = {
    "read-only state": (lambda at: read_only(at.state), "Read-only", "BANTAM_STATE_HOME"),
    "file as state": (file_as_state, "Not a directory", "BANTAM_STATE_HOME"),
    "read-only runtime": (lambda at: read_only(at.runtime), "Read-only", "BANTAM_RUNTIME_DIR"),
    "full runtime": (lambda at: full(at.runtime), "No space left", "BANTAM_RUNTIME_DIR"),
    "foreign runtime": (foreign_runtime, "belongs to user id", "BANTAM_RUNTIME_DIR"),
    "open runtime": (open_runtime, "limit is 0700", "chmod 700"),
}
HARMLESS: dict[str, Make] = {
    "full state": lambda at: full(at.state),
    "read-only cache": lambda at: read_only(at.cache),
    "full cache": lambda at: full(at.cache),
    "stale socket": stale_socket,
}


def suggestions(prefix: list[str]) -> tuple[list[list[Any]], list[str]]:
    """Ask three times in a session; returns the items of each answer and what was shown."""
    with running(*prefix, *SERVE) as server:
        server.send(initialize(initializationOptions={"model": {"name": "fake"}}), INITIALIZED)
        server.send(opening("def add(a, b):\n    \n"))
        answers = [ask(server, f"ask {number}") for number in range(3)]
        assert server.end() == 0
        assert "Traceback" not in server.stderr
    messages = [one for one in server.received if one.get("method") == "window/showMessage"]
    return answers, [one["params"]["message"] for one in messages]


def ask(server: RawServer, msg_id: str) -> list[Any]:
    at = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 4}}
    server.send(request(msg_id, "textDocument/inlineCompletion", at | {"context": INVOKED}))
    items: list[Any] = server.response(msg_id)["result"]["items"]
    return items


INVOKED = {"triggerKind": 1}


@pytest.mark.parametrize("name", HINDERING)
def test_what_keeps_the_engine_from_starting_is_one_message_and_no_missing_answer(
    name: str, bantam_directories: Directories
) -> None:
    make, *words = HINDERING[name]
    answers, shown = suggestions(make(bantam_directories))
    assert answers == [[], [], []]
    [message] = shown
    assert all(word in message for word in words), message


@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_completion_can_do_without_is_no_message(
    name: str, bantam_directories: Directories
) -> None:
    answers, shown = suggestions(HARMLESS[name](bantam_directories))
    assert all(answers)
    assert shown == []
