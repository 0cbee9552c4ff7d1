"""`bantam models convert`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.cli.border import run
from lsp_server.cli.main import bantam
from lsp_server.directories import Directories
from lsp_server.models.conversion.restore import restored_header
from lsp_server.models.gguf import read_gguf_header
from tests.support.model_copies import copy_model


def convert(*arguments: object) -> int:
    return run(bantam, ["models", "convert", *map(str, arguments), "--for", "ctransformers"])


def test_the_copy_lies_in_the_cache_and_its_path_is_printed(
    tiny_model: Path, bantam_directories: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(tiny_model) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.is_relative_to(bantam_directories.cache)
    assert restored_header(read_gguf_header(path)).metadata.text("general.name") == "tiny"


def test_the_copy_is_written_where_it_was_asked_for(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "copy.gguf"
    assert convert(tiny_model, "--output", output) == 0
    assert capsys.readouterr().out == f"{output}\n"
    assert restored_header(read_gguf_header(output))
    assert convert(output) == 2
    assert "before" in capsys.readouterr().err


def test_the_file_itself_is_never_overwritten(
    tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = tiny_model.read_bytes()
    assert convert(tiny_model, "--output", tiny_model) == 2
    assert "name another output" in capsys.readouterr().err
    assert tiny_model.read_bytes() == content


def test_what_ctransformers_cannot_run_is_refused_with_the_engine_to_use(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy_model(tiny_model, tmp_path / "gemma.gguf", architecture="gemma3")
    output = tmp_path / "copy.gguf"
    assert convert(path, "--output", output) != 0
    message = capsys.readouterr().err
    assert "'gemma3'" in message
    assert "--engine llama.cpp" in message
    assert not output.exists()


def test_cleaning_removes_the_copies(
    tiny_model: Path, bantam_directories: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(tiny_model) == 0
    assert run(bantam, ["clean", "--yes"]) == 0
    assert str(bantam_directories.cache) in capsys.readouterr().out
    assert not bantam_directories.cache.exists()
