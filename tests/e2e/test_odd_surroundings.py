"""Homes, locales, names and texts that are unusual and yet have to work."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, environment_of, no_engine_left
from tests.support.places import obeying_permissions
from tests.support.refusals import ANSWER, SOURCE, check_refusal

pytestmark = pytest.mark.e2e

FOLDERS = dict.fromkeys(
    ["BANTAM_CONFIG_HOME", "BANTAM_STATE_HOME", "BANTAM_CACHE_HOME", "BANTAM_DATA_HOME"]
)
#: Python would make UTF-8 of the C locale by itself.
NOT_UTF8 = {
    "LC_ALL": "C",
    "LANG": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


def test_a_locale_that_is_not_utf_8(tmp_path: Path, bantam_directories: Directories) -> None:
    folder = tmp_path / "ü ñ"
    folder.mkdir()
    file = folder / "añadir 🎉.py"
    file.write_text("def añadir(a, b):\n    \n", "utf-8")
    complete = ("complete", "--model", "fake", "--show", f"{file}:2:5")
    result = bantam(*complete, environment=NOT_UTF8)
    assert (result.stderr, result.returncode) == ("", 0)
    assert result.stdout.splitlines()[0] == "1 │ def añadir(a, b):"
    result = bantam("complete", f"{file}:9:1", environment=NOT_UTF8)
    check_refusal(result, 2, f"{file} has 3 lines", "from 1 to 3")
    (engine,) = engines_of(bantam_directories)
    assert (environment_of(engine) or NOT_UTF8)["LC_ALL"] == "C"
    model = folder / "ü.gguf"
    model.write_text("text")
    result = bantam("complete", "--model", str(model), f"{file}:2:5", environment=NOT_UTF8)
    check_refusal(result, 1, f"{model}: not a GGUF file")


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    file = os.fsencode(tmp_path) + b"/a\xff.py"
    Path(os.fsdecode(file)).write_text(SOURCE)
    result = bantam("complete", "--model", "fake", file + b":2:5")
    assert (result.stdout, result.stderr, result.returncode) == (ANSWER, "", 0)
    check_refusal(bantam("complete", file + b":4:1"), 2, "/a\udcff.py has 3 lines")
    result = bantam("act", "write_body", "--model", "fake", file + b":1")
    assert "/a\udcff.py\n" in result.stdout
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b"\xef\xbb\xbfdef add(a, b):\n    \n", "2:5"),
        (b"def add(a, b):\r\n    \r\n", "2:5"),
        (b"def add(a, b):\r    \r", "2:5"),
        (b"def add(a, b):\n    ", "2:5"),
    ],
)
def test_byte_order_marks_and_line_ends(content: bytes, position: str, tmp_path: Path) -> None:
    file = tmp_path / "add.py"
    file.write_bytes(content)
    result = bantam("complete", "--model", "fake", "--json", f"{file}:{position}")
    (item,) = json.loads(result.stdout)["items"]
    assert item["range"]["start"] == {"line": 2, "column": 5}
    assert item["text"] == "return a + b"


def test_without_a_home(tmp_path: Path) -> None:
    file = tmp_path / "add.py"
    file.write_text(SOURCE)
    result = bantam("complete", "--model", "fake", f"{file}:2:5", environment={"HOME": None})
    assert (result.stdout, result.stderr, result.returncode) == (ANSWER, "", 0)


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    file, home = tmp_path / "add.py", tmp_path / "home"
    file.write_text(SOURCE)
    home.mkdir(mode=0o500)
    result = bantam(
        *("complete", "--model", "fake", f"{file}:2:5"),
        prefix=obeying_permissions(),
        environment={**FOLDERS, "HOME": str(home), "XDG_STATE_HOME": None},
    )
    words = ("Permission denied", "make its folder accessible", "BANTAM_STATE_HOME")
    check_refusal(result, 2, f"cannot write {home}/", *words)


@pytest.mark.parametrize("command", [["models", "list"], ["clean", "--yes"]])
def test_a_home_that_cannot_be_entered(command: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0)
    result = bantam(
        *command,
        prefix=obeying_permissions(),
        environment={**FOLDERS, "HOME": str(home), "XDG_STATE_HOME": None, "XDG_DATA_HOME": None},
    )
    assert (result.stdout, result.returncode) == ("", 2)
    *_, error = result.stderr.splitlines()
    assert error.startswith(f"bantam: error: cannot use {home}/")
    assert "Permission denied; make its folder accessible to you, or set BANTAM_" in error


def test_doctor_finds_a_home_that_cannot_be_entered(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0)
    result = bantam(
        "doctor",
        prefix=obeying_permissions(),
        environment={**FOLDERS, "HOME": str(home), "XDG_STATE_HOME": None},
    )
    assert (result.stderr, result.returncode) == ("", 1)
    assert f"FAIL  State            {home}/" in result.stdout
