"""The client's process is watched, with and without the help of Linux."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from lsp_server.server.protocol import parent_watch
from lsp_server.server.protocol.parent_watch import watch_parent

DEADLINE_S = 60.0


@pytest.fixture(params=["descriptor", "asking"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "descriptor":
        if sys.platform != "linux":
            pytest.skip("only Linux has descriptors of processes")
        return

    def refuse(pid: int) -> int:
        raise PermissionError("a sandbox does not know the call")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    monkeypatch.setattr(parent_watch, "_POLL_S", 0.01)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def test_the_end_of_a_process_is_noticed(process: subprocess.Popen[bytes]) -> None:
    is_gone = threading.Event()
    watch_parent(process.pid, is_gone.set)
    assert not is_gone.wait(0.05)
    process.kill()
    process.wait()
    assert is_gone.wait(DEADLINE_S)


def test_a_process_that_is_gone_already_is_noticed(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    is_gone = threading.Event()
    watch_parent(process.pid, is_gone.set)
    assert is_gone.wait(DEADLINE_S)


def test_a_number_that_no_process_has_is_gone() -> None:
    is_gone = threading.Event()
    watch_parent(2**31 - 1, is_gone.set)
    assert is_gone.wait(DEADLINE_S)
