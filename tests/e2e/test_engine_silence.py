"""An engine process that is stopped: what the person at the editor notices, and when it goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.ending import engine_pid
from lsp_server.engine.shared.runtime_folder import runtime_folder
from tests.support.engine_processes import no_engine_left
from tests.support.lsp_session import LspSession, lsp_session

pytestmark = pytest.mark.e2e

FAKE = {"model": {"name": "fake"}, "completion": {"max_ms": 100}}


@pytest.fixture(autouse=True)
def _engine_ends(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


async def num_suggestions(session: LspSession, number: int) -> int:
    document = session.open("def add(a, b):\n    ‸\n", uri=f"untitled:Untitled-{number}")
    return len((await session.ask(document)).items)


async def test_requests_are_answered_one_message_is_shown_and_it_goes_on(
    bantam_directories: Directories,
) -> None:
    async with lsp_session(options=FAKE) as session:
        assert await num_suggestions(session, 1) == 1
        pid = engine_pid(runtime_folder(bantam_directories))
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        assert await num_suggestions(session, 2) == 0
        assert await num_suggestions(session, 3) == 0
        [message] = session.messages
        assert str(bantam_directories.logs / "engine.log") in message
        assert "bantam engine stop" in message
        os.kill(pid, signal.SIGCONT)
        assert await num_suggestions(session, 4) == 1
        assert session.messages == [message]
        assert engine_pid(runtime_folder(bantam_directories)) == pid
