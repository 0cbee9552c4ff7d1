"""`bantam engine` and `bantam clean` with a real engine process."""

from __future__ import annotations

import functools
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lsp_server import __version__
from lsp_server.directories import Directories
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, no_engine_left

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def _running(tmp_path: Path) -> None:
    result = bantam("complete", "-", "--model", "fake", standard_input="def add(a, b):\n    ")
    assert result.returncode == 0, result.stderr


def test_status_without_an_engine() -> None:
    assert json.loads(bantam("engine", "status", "--json").stdout) == {"running": False}
    result = bantam("engine", "status")
    assert "no engine is running" in result.stdout
    assert result.returncode == 0


@pytest.mark.usefixtures("_running")
def test_status_names_process_and_models(bantam_directories: Directories) -> None:
    (engine,) = engines_of(bantam_directories)
    status = json.loads(bantam("engine", "status", "--json").stdout)
    assert (status["running"], status["pid"]) == (True, engine.pid)
    assert [model["model"] for model in status["models"]] == ["fake"]
    text = bantam("engine", "status").stdout
    assert f"engine {__version__}, process {engine.pid}" in text
    assert "KV cells" in text


@pytest.mark.usefixtures("_running")
def test_stop_ends_the_process(bantam_directories: Directories) -> None:
    assert engines_of(bantam_directories)
    result = bantam("engine", "stop")
    assert (result.stdout, result.returncode) == ("the engine was stopped\n", 0)
    assert engines_of(bantam_directories) == []
    assert bantam("engine", "stop").stdout == "no engine was running\n"
    assert json.loads(bantam("engine", "stop", "--json").stdout) == {"stopped": False}


@pytest.mark.usefixtures("_running")
def test_clean_after_use_leaves_nothing(bantam_directories: Directories) -> None:
    assert engines_of(bantam_directories)
    result = bantam("clean", "--yes")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert engines_of(bantam_directories) == []
    for folder in (
        bantam_directories.state,
        bantam_directories.cache,
        bantam_directories.runtime,
    ):
        assert not folder.exists(), list(folder.rglob("*"))


@pytest.mark.usefixtures("_running")
def test_status_names_memory_and_clients() -> None:
    status = json.loads(bantam("engine", "status", "--json").stdout)
    assert status["memory_bytes"] > 1_000_000
    (client,) = status["clients"]
    assert client["name"].startswith("process ")
    assert client["num_requests"] == 1
    text = bantam("engine", "status").stdout
    assert " of memory" in text
    assert "prompt tokens: " in text
    assert "connected" not in text, "the command does not count itself"


@pytest.mark.usefixtures("_running")
def test_metrics_are_printed_as_prometheus_reads_them() -> None:
    result = bantam("engine", "metrics")
    assert result.returncode == 0
    families = {one.name: one for one in text_string_to_metric_families(result.stdout)}
    (generated,) = families["bantam_tokens_generated"].samples
    assert generated.labels == {"model": "fake"}
    assert generated.value > 0


def test_metrics_without_an_engine_are_none() -> None:
    result = bantam("engine", "metrics")
    assert (result.stdout, result.returncode) == ("", 0)
    assert "no engine is running" in result.stderr


def test_live_needs_a_terminal_and_excludes_json() -> None:
    result = bantam("engine", "status", "--live")
    assert result.returncode == 2
    assert "draws on a terminal" in result.stderr
    result = bantam("engine", "status", "--live", "--json")
    assert "exclude each other" in result.stderr


@pytest.mark.usefixtures("_running")
def test_live_shows_the_status_anew_until_it_is_interrupted() -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lsp_server", "engine", "status", "--live"],
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(follower)
    try:
        shown = b""
        while b"generated per second" not in shown:
            shown += os.read(leader, 4096)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    finally:
        process.kill()
        process.communicate()
        os.close(leader)
