from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.engine import memory_check
from lsp_server.engine.loaded_model import LoadedRunner
from lsp_server.engine.loader import make_loader
from lsp_server.errors import ModelFileError, ModelLoadError, ModelNotFoundError
from lsp_server.settings.schema import EngineSettings
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import Shape, write_model


def go_on(_fraction: float) -> bool:
    return True


@contextlib.contextmanager
def loaded(path: Path, context_tokens: int = 0) -> Iterator[LoadedRunner]:
    model = make_loader(EngineSettings(context_tokens=context_tokens))(str(path), go_on)
    try:
        yield model
    finally:
        model.runner.close()


def test_model_is_described_from_its_file(tiny_model: Path) -> None:
    with loaded(tiny_model) as model:
        assert model.info.model == str(tiny_model)
        assert model.info.description == "tiny"
        assert model.info.architecture == "llama"
        assert model.info.fim_format == "deepseek-coder"
        assert model.info.context_tokens == 2048
        assert 0.5 < model.info.chars_per_token < 10


def test_context_is_no_larger_than_the_default_allows(tmp_path: Path) -> None:
    path = tmp_path / "long.gguf"
    write_model(path, tiny_vocabulary(), Shape(context_tokens=65_536))
    with loaded(path) as model:
        assert model.runner.limits.num_cells == 4096
    with loaded(path, context_tokens=8192) as model:
        assert model.runner.limits.num_cells == 8192


def test_model_without_markers_loads_and_says_why_it_cannot_infill(
    tiny_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "plain.gguf"
    markers = "<｜fim▁begin｜>".encode()
    path.write_bytes(tiny_model.read_bytes().replace(markers, b"x" * len(markers)))
    with loaded(path) as model:
        assert model.info.fim_format is None
        assert model.info.fim_reason


def test_file_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"nothing\.gguf"):
        make_loader(EngineSettings())(str(tmp_path / "nothing.gguf"), go_on)


def test_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.gguf"
    path.write_text("this is not a model")
    with pytest.raises(ModelFileError, match=r"text\.gguf"):
        make_loader(EngineSettings())(str(path), go_on)


def test_truncated_file_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(tiny_model.read_bytes()[:-10_000])
    with pytest.raises(ModelFileError, match=r"cut\.gguf"):
        make_loader(EngineSettings())(str(path), go_on)


def test_too_little_memory_is_said_with_numbers(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_check, "available_memory_bytes", lambda: 0.1 * 1024**3)
    # Two layers, two heads of 16 values, keys and values, two bytes: 256 bytes a cell.
    with pytest.raises(ModelLoadError, match=r"0\.2 GiB for 1000000 KV cells, and 0\.1 GiB"):
        make_loader(EngineSettings(context_tokens=1_000_000))(str(tiny_model), go_on)


def test_memory_that_the_system_hides_is_not_guessed(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_check, "available_memory_bytes", lambda: None)
    with loaded(tiny_model) as model:
        assert model.info.architecture == "llama"


@pytest.mark.parametrize(
    ("model", "error"), [("fake:broken", ModelLoadError), ("fake:unheard-of", ModelNotFoundError)]
)
def test_fake_models_can_fail_to_load(model: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=model):
        make_loader(EngineSettings())(model, go_on)


def test_engine_without_a_model_imports_no_model_library() -> None:
    code = "import sys, lsp_server.engine.local; sys.exit('llama_cpp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
