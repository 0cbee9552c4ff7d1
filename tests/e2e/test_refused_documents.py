"""Documents and positions that commands refuse, each in one sentence, before any engine."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsp_server.cli.document import MAX_FILE_BYTES
from lsp_server.directories import Directories
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, no_engine_left
from tests.support.places import obeying_permissions
from tests.support.refusals import SOURCE, check_good_call, check_refusal

pytestmark = pytest.mark.e2e

Make = Callable[[Path], object]


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)


NO_FILES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "missing": (lambda path: None, ("does not exist", "name a file that is there")),
    "folder": (Path.mkdir, ("is a folder", "name a file in it")),
    "named pipe": (os.mkfifo, ("is a named pipe", "name a file")),
    "socket": (listen, ("is a device or socket", "name a file")),
    "device": (lambda path: path.symlink_to("/dev/zero"), ("is a device", "name a file")),
    "dangling link": (lambda path: path.symlink_to("none"), ("does not exist", "that is there")),
    "link to itself": (lambda path: path.symlink_to(path), ("cannot be read", "check its name")),
    "huge": (huge, ("larger than 4 MiB", "pipe a part of it")),
    "binary": (lambda path: path.write_bytes(b"a\0"), ("zero byte at 1", "name a source file")),
    "not UTF-8": (lambda path: path.write_bytes(b"a\xff"), ("byte 1 is 0xff", "save it as UTF-8")),
}

POSITIONS: dict[str, tuple[str, ...]] = {
    "{file}": ("is no position", "FILE:LINE:COLUMN", "counting from 1"),
    "{file}:2": ("is no position", "FILE:LINE:COLUMN", "counting from 1"),
    "{file}:0:1": ("line 0 and column 1", "count from 1"),
    "{file}:1:0": ("line 1 and column 0", "count from 1"),
    "{file}:-1:1": (":-1:1' is no position", "counting from 1"),
    "{file}:2:-1": (":2:-1' is no position", "counting from 1"),
    "{file}:4:1": ("has 3 lines", "no line 4", "from 1 to 3"),
    "{file}:2:6": ("line 2 of", "4 characters", "from 1 to 5", "not to 6"),
    "{file}:999999999999999999:1": ("no line 999999999999999999", "from 1 to 3"),
    "{file}:" + "9" * 5_000 + ":1": ("is no position", "FILE:LINE:COLUMN"),
}


@pytest.mark.parametrize("name", NO_FILES)
@pytest.mark.parametrize(
    ("command", "place"), [("complete", ":1:1"), ("context", ":1:1"), ("act", ":1")]
)
def test_what_is_no_source_file(
    name: str, command: str, place: str, bantam_directories: Directories
) -> None:
    # Here, because the path of a socket may not be long.
    bantam_directories.state.mkdir()
    path = bantam_directories.state / "a.py"
    make, words = NO_FILES[name]
    make(path)
    action = ["explain"] if command == "act" else []
    check_refusal(bantam(command, *action, f"{path}{place}"), 2, str(path), *words)
    assert engines_of(bantam_directories) == []


@pytest.mark.parametrize("position", POSITIONS)
def test_a_position_that_is_not_there(
    position: str, tmp_path: Path, bantam_directories: Directories
) -> None:
    file = tmp_path / "a.py"
    file.write_text(SOURCE)
    result = bantam("complete", "--model", "fake", position.format(file=file))
    check_refusal(result, 2, str(file), *POSITIONS[position])
    assert engines_of(bantam_directories) == []


def test_an_empty_file_has_one_position(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.touch()
    result = bantam("complete", "--model", "fake", f"{file}:1:1")
    assert (result.stderr, result.returncode) == ("", 0)
    check_refusal(bantam("complete", f"{file}:1:2"), 2, str(file), "0 characters", "from 1 to 1")
    check_refusal(bantam("complete", f"{file}:2:1"), 2, str(file), "has 1 line", "from 1 to 1")


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.touch(mode=0)
    result = bantam("complete", f"{file}:1:1", prefix=obeying_permissions())
    check_refusal(result, 2, str(file), "Permission denied", "check its name and permissions")


def test_a_current_folder_that_was_removed(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    result = bantam(
        *("complete", "--model", "fake", "-", "--path", "a.py"),
        prefix=["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone)],
        environment={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    check_refusal(result, 2, "a.py", "current folder was removed", "change to another")


def test_a_good_call_after_bad_ones_is_answered_by_the_same_engine(
    tmp_path: Path, bantam_directories: Directories
) -> None:
    check_good_call(tmp_path)
    (engine,) = engines_of(bantam_directories)
    for position in POSITIONS:
        bantam("complete", "--model", "fake", position.format(file=tmp_path / "good.py"))
    check_good_call(tmp_path)
    assert [one.pid for one in engines_of(bantam_directories)] == [engine.pid]
