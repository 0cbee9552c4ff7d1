"""What `scripts/run` does after set-up: a real model completes the example."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from tests.support.engine_processes import no_engine_left

SCRIPT = Path(__file__).parents[2] / "scripts" / "show_example.py"

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


def show(model: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BANTAM_MODEL_NAME", str(model))
    result = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, encoding="utf-8", timeout=100, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_the_example_is_shown_with_ghost_text_model_and_cost(
    embedded_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    out = show(embedded_model, monkeypatch)
    assert "▮" not in out
    (ghost,) = [line for line in out.splitlines() if "«" in line]
    assert ghost.split("«")[1].strip("»"), "the suggestion has text"
    assert out.splitlines()[-1].startswith(f"{embedded_model.name} · ")


def test_the_example_is_coloured_on_a_terminal(
    embedded_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = show(embedded_model, monkeypatch)
    assert "\x1b[2;3m" in out
    assert "«" not in out
