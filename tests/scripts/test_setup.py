"""`scripts/setup` and its kin as programs: what they say on a bare machine, and their names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for a POSIX shell")


def folder_with(tmp_path: Path, *programs: str) -> str:
    """Return a PATH that holds these programs and no other."""
    for program in programs:
        found = shutil.which(program)
        assert found, f"{program} is needed for this test"
        (tmp_path / program).symlink_to(found)
    return str(tmp_path)


def test_a_machine_without_python_is_told_the_package(tmp_path: Path) -> None:
    path = folder_with(tmp_path, "sh", "dirname", "cat")
    result = subprocess.run(
        [ROOT / "scripts/setup"], env={"PATH": path}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "Python 3.11 or newer is missing" in result.stderr
    assert "sudo apt install python3 python3-venv" in result.stderr


def test_an_older_python_is_passed_over(tmp_path: Path) -> None:
    path = folder_with(tmp_path, "sh", "dirname", "cat")
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    result = subprocess.run(
        [ROOT / "scripts/setup", "--help"],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("usage: scripts/setup")


@pytest.mark.parametrize(
    "script",
    [
        ".ci/run",
        *(f"scripts/{name}" for name in ("run", "setup", "test", "check", "lint", "pytest")),
        *(f"scripts/{name}" for name in ("lock", "generate_docs")),
    ],
)
def test_every_script_can_be_run_and_parsed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["sh", "-n", ROOT / script], check=True)
