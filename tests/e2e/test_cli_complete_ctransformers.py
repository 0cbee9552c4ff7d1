"""`bantam complete --engine ctransformers` through a real engine process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, no_engine_left
from tests.support.model_copies import copy_model

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]

#: The cursor stands at the end of line 5, where every model of Python says the same.
SOURCE = "import os\n\n\ndef main() -> None:\n    for i in ran\n"
SAID = "ge("


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = tmp_path / "main.py"
    path.write_text(SOURCE)
    return f"{path}:5:17"


def test_the_embedded_model_completes_and_reuses_the_prompt(
    place: str, bantam_directories: Directories
) -> None:
    first = bantam("complete", "--engine", "ctransformers", "--json", place)
    second = bantam("complete", "--engine", "ctransformers", "--json", place)
    assert first.returncode == 0, first.stderr
    values = json.loads(second.stdout)
    assert values["model"] == "ctransformers:bantam-embedded"
    assert values["items"][0]["text"].startswith(SAID)
    assert values["items"] == json.loads(first.stdout)["items"]
    assert values["tokens"]["reused"] > 0
    assert len(list((bantam_directories.cache / "ctransformers").glob("*.gguf"))) == 1


def test_both_engines_answer_from_one_process(place: str, bantam_directories: Directories) -> None:
    texts = []
    for engine in ("llama.cpp", "ctransformers", "llama.cpp"):
        result = bantam("complete", "--engine", engine, place)
        assert result.returncode == 0, result.stderr
        texts.append(result.stdout.strip())
    assert all(text.startswith(SAID) for text in texts), texts
    assert len(engines_of(bantam_directories)) == 1


def test_a_file_that_it_cannot_run_is_refused_and_the_engine_lives_on(
    place: str, embedded_model: Path, tmp_path: Path, bantam_directories: Directories
) -> None:
    gemma = copy_model(embedded_model, tmp_path / "gemma.gguf", architecture="gemma2")
    result = bantam("complete", "--engine", "ctransformers", "--model", str(gemma), place)
    assert result.returncode == 1
    assert "its architecture is 'gemma2'" in result.stderr
    assert "`--engine llama.cpp`" in result.stderr
    assert len(engines_of(bantam_directories)) == 1


def test_the_setting_chooses_ctransformers(
    place: str, monkeypatch: pytest.MonkeyPatch, bantam_directories: Directories
) -> None:
    bantam_directories.config.mkdir(parents=True, exist_ok=True)
    bantam_directories.config_file.write_text('[engine]\nlibrary = "ctransformers"\n')
    assert bantam("complete", place).stdout.startswith(SAID)
    assert (bantam_directories.cache / "ctransformers").is_dir()
