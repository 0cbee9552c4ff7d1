"""`bantam engine` and `bantam clean` with a real engine process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

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
