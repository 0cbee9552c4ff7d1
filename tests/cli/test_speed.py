"""What is said of this machine's speed, by `doctor` and by `engine calibrate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsp_server.cli.border import run
from lsp_server.cli.examine_speed import examine_speed
from lsp_server.cli.findings import State
from lsp_server.cli.main import bantam
from lsp_server.cli.speed_words import seconds_text, speed_sentences
from lsp_server.directories import Directories, directories
from lsp_server.engine.calibration_store import CalibrationStore, calibration_key
from lsp_server.engine.cost_model import Measurements
from lsp_server.settings.schema import (
    CompletionSettings,
    ModelSettings,
    RemoteSettings,
    Settings,
)

#: 100 tokens read and 20 written per second.
LAPTOP = Measurements(prefill_ms={16: 160.0, 32: 320.0}, decode_ms={1: 50.0, 2: 60.0})
FAST = Measurements(prefill_ms={16: 16.0, 32: 20.0}, decode_ms={1: 3.0})


def settings_for(model: Path) -> Settings:
    return Settings(model=ModelSettings(name=str(model)))


def keep(settings: Settings, measured: Measurements, folders: Directories) -> None:
    key = calibration_key(settings.model.name, settings.engine)
    CalibrationStore(folders.cache).write(key, measured)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.4, "less than 0.01 s"),
        (42.0, "0.04 s"),
        (97.0, "0.1 s"),
        (400.0, "0.4 s"),
        (9_940.0, "9.9 s"),
        (33_200.0, "33 s"),
        (150_000.0, "2 min"),
    ],
)
def test_times_as_people_say_them(ms: float, text: str) -> None:
    assert seconds_text(ms) == text


def test_a_person_learns_what_to_wait_for_and_what_more_costs() -> None:
    line, first, more, shown, length = speed_sentences(Settings(), LAPTOP, 16_384)
    assert line.startswith("a suggestion of one line takes about 0.6 s")
    assert first.startswith("the first one in a file takes about 5.6 s, because about 500 tokens")
    assert more.startswith("longer context would cost 10 s more for every 1,000 tokens")
    assert "engine.target_first_ms (5,000 ms)" in shown
    assert length.startswith("suggestions end after 40 tokens")


def test_nothing_is_said_of_limits_that_do_not_bind() -> None:
    assert len(speed_sentences(Settings(), FAST, 16_384)) == 3


def test_nothing_is_said_of_what_the_user_has_set() -> None:
    settings = Settings(
        completion=CompletionSettings(prefix_chars=999, suffix_chars=998, context_tokens=400),
        chosen=frozenset({"completion.max_tokens"}),
    )
    assert len(speed_sentences(settings, LAPTOP, 16_384)) == 3


def test_doctor_says_how_to_measure(tiny_model: Path, bantam_directories: Directories) -> None:
    (finding,) = examine_speed(settings_for(tiny_model), bantam_directories)
    assert finding.state is State.OK
    assert "not measured" in finding.text
    assert "bantam engine calibrate" in finding.remedy


def test_doctor_says_what_was_measured(tiny_model: Path, bantam_directories: Directories) -> None:
    settings = settings_for(tiny_model)
    keep(settings, FAST, bantam_directories)
    findings = examine_speed(settings, bantam_directories)
    assert {finding.state for finding in findings} == {State.OK}
    assert "a suggestion of one line takes about 0.04 s" in findings[0].text


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (Measurements(prefill_ms={16: 1.0}, decode_ms={1: 1.0}, was_busy=True), "kept the proc"),
        (Measurements(prefill_ms={16: 900.0}, decode_ms={1: 400.0}), "slow for this model"),
    ],
)
def test_doctor_warns(
    measured: Measurements, words: str, tiny_model: Path, bantam_directories: Directories
) -> None:
    settings = settings_for(tiny_model)
    keep(settings, measured, bantam_directories)
    warnings = [
        finding
        for finding in examine_speed(settings, bantam_directories)
        if finding.state is State.WARNING
    ]
    assert [words in finding.text for finding in warnings] == [True]
    assert warnings[0].remedy


def test_doctor_is_silent_without_a_model_and_with_a_remote_one(
    bantam_directories: Directories,
) -> None:
    assert examine_speed(settings_for(Path("/none.gguf")), bantam_directories) == []
    remote = Settings(remote=RemoteSettings(url="https://example.com/v1"))
    assert examine_speed(remote, bantam_directories) == []


# `bantam engine calibrate`


@pytest.mark.real_model
def test_a_model_is_measured_and_doctor_knows(
    tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, ["engine", "calibrate", "--model", str(tiny_model), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["measured"]["decode_ms"]) == {"1", "2", "4", "8"}
    assert found["budgets"]["prompt_tokens"] >= 384
    findings = examine_speed(settings_for(tiny_model), directories())
    assert "a suggestion of one line" in findings[0].text


@pytest.mark.real_model
def test_what_was_measured_is_said_in_words(
    tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, ["engine", "calibrate", "--model", str(tiny_model)]) == 0
    assert "the first one in a file" in capsys.readouterr().out


@pytest.mark.real_model
def test_a_model_that_cannot_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF")
    assert run(bantam, ["engine", "calibrate", "--model", str(path)]) == 1
    assert "bad.gguf" in capsys.readouterr().err


def test_a_remote_server_is_not_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANTAM_REMOTE_URL", "https://example.com/v1")
    assert run(bantam, ["engine", "calibrate"]) == 2
    assert "--model" in capsys.readouterr().err
