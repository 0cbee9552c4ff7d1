"""`bantam models`: the list, and one model in detail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsp_server.cli.border import run
from lsp_server.cli.main import bantam

pytestmark = pytest.mark.real_model


def test_list_marks_the_model_that_is_used(
    embedded_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANTAM_MODEL_NAME", str(embedded_model))
    assert run(bantam, ["models", "list"]) == 0
    out = capsys.readouterr().out
    (used,) = [line for line in out.splitlines() if line.startswith("*")]
    assert str(embedded_model) in used
    assert " bantam " in used


def test_list_as_json(
    embedded_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANTAM_MODEL_NAME", str(embedded_model))
    assert run(bantam, ["models", "list", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert [model["id"] for model in models if model["used"]] == [str(embedded_model)]


def test_list_goes_on_without_a_model_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANTAM_MODEL_NAME", "/none.gguf")
    assert run(bantam, ["models", "list"]) == 0
    assert "bantam: warning: there is no model file /none.gguf" in capsys.readouterr().err


def test_show_says_what_the_header_says(
    embedded_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, ["models", "show", str(embedded_model)]) == 0
    out = capsys.readouterr().out
    for fact in ("llama", "Q8_0", "4,096 tokens", "bantam", str(embedded_model)):
        assert fact in out


def test_show_takes_a_path_from_here(
    embedded_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(embedded_model.parent)
    assert run(bantam, ["models", "show", embedded_model.name, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == str(embedded_model)
    assert facts["fim_format"] == "bantam"
    assert facts["file_bytes"] == embedded_model.stat().st_size


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.gguf", None, "there is no model file"),
        ("text.gguf", b"hello, this is no model", "not a GGUF file"),
        ("empty.gguf", b"", "the file is empty"),
    ],
)
def test_show_refuses_what_is_no_model(
    name: str, content: bytes | None, message: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert run(bantam, ["models", "show", str(tmp_path / name)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
