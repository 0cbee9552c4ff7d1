"""What every refusal of the command line must be, in one place."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.command import bantam

SOURCE = "def add(a, b):\n    \n"
ANSWER = "return a + b\n"
PREFIX = "bantam: error: "

Result = subprocess.CompletedProcess[str]


def check_refusal(result: Result, status: int, *words: str) -> None:
    """Expect nothing but one sentence with these words on standard error, and an exit status.

    Args:
        result: Of the command.
        status: As documented in docs/cli.md.
        words: What names the thing, its value, the limit and the remedy.
    """
    assert (result.stdout, result.returncode) == ("", status), result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(PREFIX)
    for fault in ("Traceback", "unexpected", "Errno"):
        assert fault not in lines[0], lines[0]
    for word in words:
        assert word in lines[0], lines[0]


def check_good_call(folder: Path) -> None:
    """Expect that the next completion works: nothing was lost."""
    file = folder / "good.py"
    file.write_text(SOURCE)
    result = bantam("complete", "--model", "fake", f"{file}:2:5")
    assert (result.stdout, result.stderr, result.returncode) == (ANSWER, "", 0)
