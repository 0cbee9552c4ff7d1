"""Folders that are full, read-only, forbidden or somebody else's, and the good call after."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.runtime_folder import (
    MAX_SOCKET_PATH_BYTES,
    create_private,
    runtime_folder,
)
from lsp_server.models.hub.shelf import find_hub_model
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, no_engine_left
from tests.support.hub_server import HubServer
from tests.support.places import full, obeying_permissions, read_only, without_inodes
from tests.support.refusals import ANSWER, SOURCE, Result, check_good_call, check_refusal

pytestmark = pytest.mark.e2e

Place = Callable[[Path], list[str]]

FULL = "No space left on device; free some space on its disk"
READ_ONLY = "Read-only file system; make its folder writable"
ONLY_YOU = "set BANTAM_RUNTIME_DIR to a folder that only you can enter"
#: A user that exists nearly everywhere, and is nobody's own.
NOBODY = 65_534


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "add.py"
    path.write_text(SOURCE)
    return path


def complete(file: Path, prefix: list[str]) -> Result:
    return bantam("complete", "--model", "fake", f"{file}:2:5", prefix=prefix)


@pytest.mark.parametrize(
    ("place", "folder", "path", "words"),
    [
        (read_only, "state", "state/logs", READ_ONLY),
        (read_only, "logs", "state/logs/engine-output.log", READ_ONLY),
        (without_inodes, "state", "state/logs", FULL),
        (read_only, "runtime", "run/start.lock", READ_ONLY),
        (without_inodes, "runtime", "run/start.lock", FULL),
        (full, "runtime", "run/start.lock", FULL),
    ],
)
def test_a_folder_that_cannot_be_written(
    place: Place,
    folder: str,
    path: str,
    words: str,
    file: Path,
    bantam_directories: Directories,
    tmp_path: Path,
) -> None:
    prefix = place(getattr(bantam_directories, folder))
    variable = "BANTAM_RUNTIME_DIR" if folder == "runtime" else "BANTAM_STATE_HOME"
    named = bantam_directories.state.parent / path
    for _ in range(4):  # More often than an engine may die: none was even started.
        result = complete(file, prefix)
        check_refusal(result, 2, f"cannot write {named}: {words}", f"set {variable} to another")
    assert engines_of(bantam_directories) == []
    check_good_call(tmp_path)


@pytest.mark.parametrize(
    ("place", "folder"), [(full, "state"), (full, "logs"), (read_only, "cache"), (full, "data")]
)
def test_a_folder_that_a_completion_can_do_without(
    place: Place, folder: str, file: Path, bantam_directories: Directories
) -> None:
    result = complete(file, place(getattr(bantam_directories, folder)))
    assert (result.stdout, result.stderr, result.returncode) == (ANSWER, "", 0)


@pytest.mark.parametrize("command", [["engine", "status"], ["engine", "stop"], ["clean", "--yes"]])
def test_looking_and_cleaning_need_no_room(
    command: list[str], bantam_directories: Directories
) -> None:
    result = bantam(*command, prefix=full(bantam_directories.runtime))
    assert (result.stderr, result.returncode) == ("", 0)


def test_a_download_onto_a_full_disk(bantam_directories: Directories) -> None:
    model = find_hub_model("deepseek-coder-1.3b-base")
    models = bantam_directories.models
    with HubServer(bytes(200_000)) as hub:
        environment = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_TELEMETRY": "1"}
        pull = ["models", "pull", model.id, "--quantisation", model.files[1].quantisation]
        for place, words in [
            (full, "GB are free in"),
            (read_only, READ_ONLY),
            (without_inodes, FULL),
        ]:
            result = bantam(*pull, prefix=place(models), environment=environment)
            *notes, error = result.stderr.splitlines(keepends=True)
            assert not any(line.startswith("bantam: error") for line in notes)
            result.stderr = error
            check_refusal(result, 1 if place is full else 2, str(models), words, "BANTAM_DATA_HOME")
    assert list(models.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "mode"),
    [("complete", 0o777), ("complete", 0o710), ("act", 0o755), ("status", 0o755), ("stop", 0o755)],
)
def test_a_runtime_folder_that_others_can_enter(
    command: str, mode: int, file: Path, bantam_directories: Directories, tmp_path: Path
) -> None:
    folder = bantam_directories.runtime
    folder.mkdir()
    folder.chmod(mode)
    result = _ask(command, file)
    check_refusal(
        result, 2, str(folder), f"{mode:04o}", "limit is 0700", f"chmod 700 {folder}", ONLY_YOU
    )
    assert engines_of(bantam_directories) == []
    folder.chmod(0o700)
    if command == "complete":
        check_good_call(tmp_path)


@pytest.mark.parametrize("command", ["complete", "act", "status", "stop"])
def test_a_runtime_folder_of_another_user(
    command: str, file: Path, monkeypatch: pytest.MonkeyPatch, bantam_directories: Directories
) -> None:
    if os.geteuid() == 0:
        folder, owner = bantam_directories.runtime, NOBODY
        folder.mkdir(mode=0o700)
        os.chown(folder, owner, owner)
    else:
        folder, owner = Path("/usr"), 0
        monkeypatch.setenv("BANTAM_RUNTIME_DIR", str(folder))
    words = (f"belongs to user id {owner}, but yours is {os.geteuid()}", ONLY_YOU)
    check_refusal(_ask(command, file), 2, str(folder), *words)


def test_a_runtime_folder_that_cannot_be_looked_at(
    file: Path, bantam_directories: Directories
) -> None:
    parent = bantam_directories.runtime.parent
    parent.chmod(0)
    try:
        result = complete(file, obeying_permissions())
    finally:
        parent.chmod(0o700)
    lines = result.stderr.splitlines()
    # The settings file lies there, too.
    assert lines[0].startswith("bantam: warning: the settings file")
    assert lines[1:] == [
        f"bantam: error: the engine's runtime folder {bantam_directories.runtime} cannot be looked "
        f"at: Permission denied; {ONLY_YOU}"
    ]
    assert result.returncode == 2


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_runtime_folder_that_is_none(
    kind: str, file: Path, bantam_directories: Directories
) -> None:
    folder = bantam_directories.runtime
    if kind == "file":
        folder.touch()
    else:
        folder.symlink_to(file.parent)
    check_refusal(complete(file, []), 2, f"{folder} is not a folder", ONLY_YOU)


@pytest.mark.parametrize("name", ["start.lock", "engine.lock", "deaths.json"])
def test_a_folder_in_the_place_of_a_file_of_ours(
    name: str, file: Path, bantam_directories: Directories, tmp_path: Path
) -> None:
    folder = runtime_folder(bantam_directories)
    create_private(folder)
    (folder.path / name).mkdir()
    words = ("remove what stands in its place", "BANTAM_RUNTIME_DIR")
    check_refusal(complete(file, []), 2, str(folder.path / name), *words)
    (folder.path / name).rmdir()
    check_good_call(tmp_path)


def test_a_path_that_is_too_long_for_a_socket(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / ("r" * MAX_SOCKET_PATH_BYTES)
    with monkeypatch.context() as patch:
        patch.setenv("BANTAM_RUNTIME_DIR", str(folder))
        num_bytes = len(os.fsencode(folder / "engine.sock"))
        words = (
            f"{num_bytes} bytes",
            f"limit is {MAX_SOCKET_PATH_BYTES}",
            "set BANTAM_RUNTIME_DIR",
        )
        check_refusal(complete(file, []), 2, str(folder), *words)
    check_good_call(tmp_path)


def test_a_folder_that_is_not_absolute(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANTAM_STATE_HOME", "state")
    words = ("BANTAM_STATE_HOME is 'state'", "absolute path", "write the whole path")
    check_refusal(complete(file, []), 2, *words)


@pytest.mark.parametrize("left", ["stale socket", "file", "link"])
def test_what_stands_at_the_place_of_the_socket_does_not_matter(
    left: str, bantam_directories: Directories, tmp_path: Path
) -> None:
    folder = runtime_folder(bantam_directories)
    create_private(folder)
    if left == "stale socket":
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(folder.socket))
    elif left == "file":
        folder.socket.write_text("no socket")
    else:
        folder.socket.symlink_to(tmp_path / "elsewhere")
    check_good_call(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def _ask(command: str, file: Path) -> Result:
    commands = {
        "complete": ["complete", "--model", "fake", f"{file}:2:5"],
        "act": ["act", "write_body", "--model", "fake", f"{file}:1"],
    }
    return bantam(*commands.get(command, ["engine", command]))
