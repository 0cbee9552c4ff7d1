"""`bantam models list`, `recommend`, `pull` and `remove`, without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.cli.border import run
from lsp_server.cli.main import bantam
from lsp_server.directories import Directories
from lsp_server.errors import ModelNotFoundError
from lsp_server.models.catalogue import find_model
from lsp_server.models.hub.shelf import hub_models
from lsp_server.models.hub.storage import file_path, lock_path
from tests.support.hub_server import HubServer

MODEL_ID = "deepseek-coder-1.3b-base"
MODEL = next(model for model in hub_models() if model.id == MODEL_ID)


@pytest.fixture
def downloaded(bantam_directories: Directories, tiny_model: Path) -> Path:
    """Return the file of a model that was downloaded."""
    path = file_path(bantam_directories.models, MODEL, MODEL.files[1])
    path.parent.mkdir(parents=True)
    shutil.copyfile(tiny_model, path)
    return path


def _list(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert run(bantam, ["models", "list", "--json"]) == 0
    return {model["id"]: model for model in json.loads(capsys.readouterr().out)}


def test_list_says_what_fits_and_what_is_here(
    monkeypatch: pytest.MonkeyPatch, downloaded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lsp_server.engine.machine.available_memory_bytes", lambda: 8 * 10**9)
    models = _list(capsys)
    assert models[MODEL_ID]["path"] == str(downloaded)
    assert models[MODEL_ID]["downloaded"]
    assert models[MODEL_ID]["file_bytes"] == downloaded.stat().st_size
    assert models["qwen2.5-coder-1.5b"]["fits"] is True
    assert models["deepseek-coder-33b-base"]["fits"] is False
    assert not models["deepseek-coder-33b-base"]["downloaded"]
    assert models["gemma-3-27b-it"]["fim_format"] is None
    assert models["gemma-3-27b-it"]["note"].endswith("chat template")


def test_list_does_not_guess_where_memory_is_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lsp_server.engine.machine.available_memory_bytes", lambda: None)
    assert {model["fits"] for model in _list(capsys).values()} == {None}


def test_list_marks_a_catalogued_model_that_is_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANTAM_MODEL_NAME", f"ctransformers:{MODEL_ID}")
    assert [name for name, model in _list(capsys).items() if model["used"]] == [MODEL_ID]


def test_list_goes_on_after_a_file_that_is_damaged(
    downloaded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    downloaded.write_bytes(b"damaged")
    assert run(bantam, ["models", "list"]) == 0
    captured = capsys.readouterr()
    assert "not a GGUF file" in captured.err
    assert "gemma-3-27b-it" in captured.out


def test_id_stands_for_the_downloaded_file(downloaded: Path) -> None:
    assert find_model(MODEL_ID).path == downloaded


def test_id_that_is_not_downloaded_says_how() -> None:
    with pytest.raises(ModelNotFoundError, match=f"run `bantam models pull {MODEL_ID}`"):
        find_model(MODEL_ID)


def test_show_refuses_what_the_engine_would_refuse(
    vocabulary_only: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, ["models", "show", str(vocabulary_only)]) == 1
    assert "vocabulary and no weights" in capsys.readouterr().err


@pytest.fixture
def vocabulary_only(tmp_path: Path) -> Path:
    from tests.support.gguf_files import RawGguf

    return RawGguf(tensors=()).write(tmp_path)


def test_recommend_names_model_reasons_and_next_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lsp_server.engine.machine.available_memory_bytes", lambda: 8 * 10**9)
    monkeypatch.setattr("lsp_server.engine.machine.num_physical_cores", lambda: 4)
    monkeypatch.setattr("lsp_server.cli.models_recommend._has_gpu", lambda: False)
    assert run(bantam, ["models", "recommend"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("qwen2.5-coder-1.5b (Q8_0)\n")
    assert "bantam models pull qwen2.5-coder-1.5b --quantisation Q8_0" in out
    assert run(bantam, ["models", "recommend", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model_id"] == "qwen2.5-coder-1.5b"


def test_remove_frees_the_file(downloaded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bantam, ["models", "remove", MODEL_ID, "--quantisation", "Q8_0"]) == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert downloaded.exists()
    assert run(bantam, ["models", "remove", MODEL_ID]) == 0
    assert f"removed {MODEL_ID}, which frees" in capsys.readouterr().out
    assert not downloaded.parent.exists()


def test_clean_keeps_models_unless_told(downloaded: Path) -> None:
    run(bantam, ["clean", "--yes"])
    assert downloaded.exists()
    assert run(bantam, ["clean", "--yes", "--models"]) == 0
    assert not downloaded.exists()


@pytest.mark.parametrize("name", ["pull", "remove"])
def test_unknown_model_lists_the_known_ones(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bantam, ["models", name, "nothing"]) == 1
    assert MODEL_ID in capsys.readouterr().err


def test_two_downloads_of_one_model_do_not_meet(
    bantam_directories: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    from lsp_server.engine.shared.file_lock import FileLock

    path = lock_path(bantam_directories.models, MODEL)
    path.parent.mkdir(parents=True)
    with FileLock(path) as lock:
        assert lock.try_acquire()
        assert run(bantam, ["models", "pull", MODEL_ID]) == 2
    assert "being downloaded by another process" in capsys.readouterr().err


def test_pull_from_the_hub_that_the_environment_names(
    bantam_directories: Directories, tiny_model: Path
) -> None:
    """In a process of its own: huggingface_hub reads its variables when it is imported."""
    command = [sys.executable, "-m", "lsp_server", "models", "pull", MODEL_ID]
    with HubServer(tiny_model.read_bytes()) as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_TOKEN": "hf_test"}
        result = subprocess.run(
            [*command, "--quantisation", "Q4_K_M"], env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
    path = file_path(bantam_directories.models, MODEL, MODEL.files[1])
    assert (result.returncode, result.stdout) == (0, f"{path}\n"), result.stderr
    assert path.read_bytes() == hub.content
    assert "DeepSeek Model License, https://" in result.stderr
    assert set(hub.tokens) == {"Bearer hf_test"}
