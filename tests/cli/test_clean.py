"""`bantam clean` removes what Bantam wrote, says so, and touches nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.cli.border import run
from lsp_server.cli.main import bantam
from lsp_server.directories import Directories


@pytest.fixture
def written(bantam_directories: Directories) -> Directories:
    """Return folders as Bantam leaves them after use."""
    folders = bantam_directories
    for folder in (folders.config, folders.logs, folders.cache, folders.runtime):
        folder.mkdir(parents=True, mode=0o700)
    folders.config_file.write_text("")
    (folders.logs / "engine.log").write_text("x" * 1_500)
    (folders.runtime / "engine.lock").write_text("")
    return folders


def test_nothing_to_remove(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bantam, ["clean", "--yes"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_dry_run_says_what_and_how_much_and_removes_nothing(
    written: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, ["clean", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert str(written.logs) in out
    assert "1.5 kB" in out
    assert (written.logs / "engine.log").exists()


def test_clean_removes_everything_but_the_settings(written: Directories) -> None:
    assert run(bantam, ["clean", "--yes"]) == 0
    assert not written.state.exists()
    assert not written.cache.exists()
    assert not written.runtime.exists()
    assert written.config_file.exists()


def test_clean_with_config_removes_the_settings_too(written: Directories) -> None:
    assert run(bantam, ["clean", "--yes", "--config"]) == 0
    assert not written.config.exists()


def test_files_of_others_stay(written: Directories, capsys: pytest.CaptureFixture[str]) -> None:
    (written.state / "thesis.txt").write_text("mine")
    assert run(bantam, ["clean", "--yes"]) == 0
    assert (written.state / "thesis.txt").read_text() == "mine"
    assert not written.logs.exists()
    assert str(written.state) in capsys.readouterr().err


def test_a_link_is_removed_and_not_what_it_points_to(written: Directories, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    (written.logs / "engine.log").unlink()
    written.logs.rmdir()
    written.logs.symlink_to(tmp_path)
    assert run(bantam, ["clean", "--yes"]) == 0
    assert (tmp_path / "kept").exists()
    assert not written.logs.is_symlink()


def test_without_a_terminal_it_wants_a_yes(
    written: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, ["clean"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert written.logs.exists()
