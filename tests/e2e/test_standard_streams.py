"""Standard input, output and error that are closed, full, or read by nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from tests.support.engine_processes import no_engine_left
from tests.support.refusals import ANSWER, SOURCE, check_good_call, check_refusal

pytestmark = pytest.mark.e2e

DIFF = "+    return a + b\n"


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "add.py"
    path.write_text(SOURCE)
    return path


def shell(command: str, file: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `bantam` is the command and `$1` the file."""
    bantam = f'bantam() {{ "{sys.executable}" -m lsp_server "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {bantam}{command}", "bash", str(file)],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


COMPLETE = "bantam complete --model fake"


@pytest.mark.parametrize(
    "command",
    [
        f'{COMPLETE} "$1:2:5" | head -c0',
        f'{COMPLETE} "$1:2:5" >&-',
        f'{COMPLETE} --json "$1:2:5" >&-',
        f'{COMPLETE} --show "$1:2:5" >&-',
        f'{COMPLETE} "$1:2:5" <&- >&- 2>&-',
        "bantam models list >&- 2>/dev/null",
        'bantam act write_body --model fake "$1:1" >&-',
        "bantam --version >&-",
        "bantam engine status >&-",
    ],
)
def test_a_result_that_nobody_reads_ends_quietly(command: str, file: Path) -> None:
    result = shell(command, file)
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 141)


@pytest.mark.parametrize(
    "command",
    [
        f'{COMPLETE} "$1:2:5" >/dev/full',
        f'{COMPLETE} --json "$1:2:5" >/dev/full',
        f'{COMPLETE} --show "$1:2:5" >/dev/full',
        f'PYTHONUNBUFFERED=1 {COMPLETE} "$1:2:5" >/dev/full',
        "bantam --version >/dev/full",
    ],
)
def test_a_result_that_does_not_fit_is_refused(
    command: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    words = ("standard output", "No space left on device", "free some space", "somewhere else")
    check_refusal(shell(command, file), 1, *words)


def test_what_needs_no_output_is_done_without_one(file: Path) -> None:
    result = shell('bantam act write_body --write --model fake "$1:1" >&-', file)
    assert result.returncode == 0, result.stderr
    assert DIFF.removeprefix("+") in file.read_text()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{COMPLETE} - <&-", ("standard input is closed", "pipe the document", "name a file")),
        ("bantam serve <&-", ("standard input is closed", "an editor speaks over it", "--tcp")),
        ("bantam clean <&-", ("--yes", "--dry-run")),
    ],
)
def test_an_input_that_is_closed_is_refused(
    command: str, words: tuple[str, ...], file: Path, bantam_directories: Directories
) -> None:
    bantam_directories.logs.mkdir(parents=True)
    result = shell(command, file)
    result.stdout = ""  # `clean` says there what it would remove.
    check_refusal(result, 2, *words)
    check_good_call(file.parent)


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "2>/dev/full"])
def test_streams_that_a_completion_does_not_need(closed: str, file: Path) -> None:
    result = shell(f'{COMPLETE} "$1:2:5" {closed}', file)
    assert (result.stdout, result.stderr, result.returncode) == (ANSWER, "", 0)


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full"])
def test_the_exit_status_says_it_when_nothing_else_can(closed: str, file: Path) -> None:
    result = shell(f'{COMPLETE} "$1:9:9" {closed}', file)
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 2)
