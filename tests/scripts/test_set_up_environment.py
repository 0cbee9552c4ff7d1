"""When `.venv` counts as complete: only with a stamp of today's inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.set_up.environment import Environment, Kind


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    (tmp_path / "requirements").mkdir()
    for name in ("engine.lock", "runtime.lock", "dev.lock"):
        (tmp_path / "requirements" / name).write_text(name)
    (tmp_path / "pyproject.toml").write_text("")
    python = Environment(tmp_path, Kind.RUNTIME).python
    python.parent.mkdir(parents=True)
    python.touch()
    return tmp_path


def made(root: Path, kind: Kind) -> Environment:
    environment = Environment(root, kind)
    environment.mark_ready()
    return environment


def test_a_folder_without_a_stamp_is_not_complete(root: Path) -> None:
    assert not Environment(root, Kind.RUNTIME).is_ready()


def test_a_stamp_of_these_inputs_is_complete(root: Path) -> None:
    assert made(root, Kind.RUNTIME).is_ready()


def test_what_tests_need_contains_what_users_need_and_not_the_other_way(root: Path) -> None:
    made(root, Kind.DEV)
    assert Environment(root, Kind.RUNTIME).is_ready()
    made(root, Kind.RUNTIME)
    assert not Environment(root, Kind.DEV).is_ready()


@pytest.mark.parametrize(
    "changed", ["pyproject.toml", "requirements/engine.lock", "requirements/runtime.lock"]
)
def test_a_changed_input_makes_it_stale(root: Path, changed: str) -> None:
    environment = made(root, Kind.RUNTIME)
    (root / changed).write_text("changed")
    assert not environment.is_ready()


def test_other_build_options_make_it_stale(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = made(root, Kind.RUNTIME)
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=on")
    assert not environment.is_ready()
    assert "-DGGML_CUDA=on" in environment.cmake_args


def test_an_interrupted_run_leaves_no_stamp(root: Path) -> None:
    environment = made(root, Kind.RUNTIME)
    environment.mark_incomplete()
    assert not environment.is_ready()


def test_a_missing_interpreter_makes_it_incomplete(root: Path) -> None:
    environment = made(root, Kind.RUNTIME)
    environment.python.unlink()
    assert not environment.is_ready()


@pytest.mark.parametrize("text", ["", "runtime", "runtime 3\n"])
def test_a_damaged_stamp_is_no_stamp(root: Path, text: str) -> None:
    environment = made(root, Kind.RUNTIME)
    (root / ".venv" / "bantam-setup.txt").write_text(text)
    assert not environment.is_ready()
