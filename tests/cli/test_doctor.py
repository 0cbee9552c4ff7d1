"""`bantam doctor`: what it finds, how it says so, and its exit status."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.cli import examine
from lsp_server.cli.border import run
from lsp_server.cli.examine_model import examine_model
from lsp_server.cli.findings import Finding, State
from lsp_server.cli.library_probe import LibraryFacts, LibraryProbeError
from lsp_server.cli.main import bantam
from lsp_server.directories import Directories
from lsp_server.settings.load import load_user_settings
from lsp_server.settings.schema import ModelSettings, Settings
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from tests.support.chat_model import write_chat_model


def probe_says(monkeypatch: pytest.MonkeyPatch, system_info: str, *, gpu: bool = False) -> None:
    facts = LibraryFacts(
        binding_version="0.3.36",
        library_version="0.5.0",
        system_info=system_info,
        has_gpu_offload=gpu,
    )
    monkeypatch.setattr(examine, "probe_library", lambda: facts)


def text_of(findings: list[Finding], part: str) -> str:
    return next(finding.text for finding in findings if finding.part == part)


def test_features_of_the_library_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    probe_says(monkeypatch, "CPU : AVX2 = 1 | FMA = 1 | ")
    findings = examine.examine_library()
    assert text_of(findings, "CPU features") == "AVX2, FMA"
    assert text_of(findings, "GPU") == "none built in"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not the usual build")
@pytest.mark.parametrize(
    ("system_info", "warns"),
    [
        ("CPU : AVX2 = 1 | OPENMP = 1 | ", False),
        ("CPU : AVX2 = 1 | ", True),
        ("", False),
    ],
)
def test_a_library_whose_threads_spin_is_a_warning(
    system_info: str, warns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe_says(monkeypatch, system_info)
    warnings = [one for one in examine.examine_library() if one.state is State.WARNING]
    assert ["OpenMP" in warning.text for warning in warnings] == ([True] if warns else [])


@pytest.mark.parametrize(("gpu", "text"), [(True, "CUDA"), (False, "no device was found")])
def test_a_gpu_back_end_is_named(monkeypatch: pytest.MonkeyPatch, gpu: bool, text: str) -> None:
    probe_says(monkeypatch, "CUDA : ARCHS = 890 | CPU : AVX2 = 1 | ", gpu=gpu)
    assert text in text_of(examine.examine_library(), "GPU")


def test_a_missing_library_is_broken_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> LibraryFacts:
        raise LibraryProbeError("No module named 'llama_cpp'")

    monkeypatch.setattr(examine, "probe_library", fail)
    (finding,) = examine.examine_library()
    assert finding.state is State.BROKEN
    assert "No module named 'llama_cpp'" in finding.text
    assert finding.remedy


def test_a_missing_model_is_broken_with_a_remedy() -> None:
    (finding,) = examine_model(Settings(model=ModelSettings(name="/none.gguf")))
    assert finding.state is State.BROKEN
    assert "/none.gguf" in finding.text
    assert "model.name" in finding.remedy


@pytest.mark.real_model
def test_the_embedded_model_is_sound(embedded_model: Path) -> None:
    findings = examine_model(Settings(model=ModelSettings(name=str(embedded_model))))
    assert {finding.state for finding in findings} == {State.OK}
    assert "Format bantam" in text_of(findings, "Fills in")


def test_a_model_that_only_chats_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "chat.gguf"
    write_chat_model(path, vocabulary=tiny_vocabulary(has_fim_markers=False))
    findings = examine_model(Settings(model=ModelSettings(name=str(path))))
    assert State.BROKEN not in {finding.state for finding in findings}
    assert "completes through its chat template" in text_of(findings, "Fills in")


def test_problems_of_settings_are_warnings(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANTAM_LOG_LEVEL", "loud")
    findings = examine.examine_settings(load_user_settings(), bantam_directories)
    assert [finding.state for finding in findings] == [State.OK, State.WARNING]
    assert "BANTAM_LOG_LEVEL" in findings[1].text


def test_folders_are_named(bantam_directories: Directories) -> None:
    findings = examine.examine_folders(bantam_directories)
    assert text_of(findings, "Logs") == str(bantam_directories.logs)
    assert {finding.state for finding in findings} == {State.OK}


def test_a_folder_below_a_file_is_broken(bantam_directories: Directories) -> None:
    bantam_directories.state.parent.mkdir(parents=True, exist_ok=True)
    bantam_directories.state.touch()
    findings = examine.examine_folders(bantam_directories)
    broken = [finding.part for finding in findings if finding.state is State.BROKEN]
    assert broken == ["State", "Logs"]


def doctor(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    status = run(bantam, ["doctor", *options])
    return status, capsys.readouterr().out


def test_something_broken_is_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANTAM_MODEL_NAME", "/none.gguf")
    status, out = doctor(capsys)
    assert status == 1
    assert "FAIL  Model" in out
    assert "→ set model.name" in out


@pytest.mark.real_model
def test_a_sound_installation_is_exit_status_0(
    embedded_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANTAM_MODEL_NAME", str(embedded_model))
    status, out = doctor(capsys)
    assert status == 0
    assert os.environ["BANTAM_STATE_HOME"] in out
    assert "FAIL" not in out


def test_json_says_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BANTAM_MODEL_NAME", "/none.gguf")
    status, out = doctor(capsys, "--json")
    values: dict[str, Any] = json.loads(out)
    assert (status, values["ok"]) == (1, False)
    (model,) = [finding for finding in values["findings"] if finding["part"] == "Model"]
    assert model["state"] == "broken"
    assert "/none.gguf" in model["text"]
