"""A lock file that is older than the dependencies is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import lock_inputs

PYPROJECT = """\
[project]
requires-python = ">=3.11"
dependencies = ["click>=8"]
[dependency-groups]
build = []
dev = []
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "requirements").mkdir()
    return tmp_path


def test_a_fresh_record_is_accepted(root: Path) -> None:
    assert lock_inputs.main("write", root) == 0
    assert lock_inputs.main("check", root) == 0


@pytest.mark.parametrize(
    ("old", "new"), [("click>=8", "click>=9"), ("dev = []", 'dev = ["pytest"]')]
)
def test_changed_dependencies_are_noticed(
    root: Path, old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lock_inputs.main("write", root)
    (root / "pyproject.toml").write_text(PYPROJECT.replace(old, new))
    assert lock_inputs.main("check", root) == 1
    assert "run scripts/lock" in capsys.readouterr().err


def test_a_missing_record_is_noticed(root: Path) -> None:
    assert lock_inputs.main("check", root) == 1


def test_locks_name_no_index() -> None:
    for path in (lock_inputs.ROOT / "requirements").glob("*.lock"):
        assert "://" not in path.read_text(), path
