"""Who may enter the engine's folder, and how long its path may be."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.runtime_folder import (
    MAX_SOCKET_PATH_BYTES,
    RuntimeFolder,
    check_private,
    create_private,
    runtime_folder,
)
from lsp_server.errors import ConfigError


def test_the_folder_is_created_for_the_user_alone(bantam_directories: Directories) -> None:
    folder = runtime_folder(bantam_directories)
    create_private(folder)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    check_private(folder)


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777, 0o1777])
def test_a_folder_that_others_can_enter_is_refused(folder: RuntimeFolder, mode: int) -> None:
    folder.path.chmod(mode)
    with pytest.raises(ConfigError, match=f"(?s){folder.path}.*{mode:04o}.*chmod 700") as caught:
        create_private(folder)
    assert "BANTAM_RUNTIME_DIR" in str(caught.value)


def test_a_link_is_refused_even_to_a_private_folder(
    folder: RuntimeFolder, bantam_directories: Directories
) -> None:
    link = folder.path.with_name("link")
    link.symlink_to(folder.path)
    with pytest.raises(ConfigError, match="is not a folder"):
        create_private(runtime_folder(replace(bantam_directories, runtime=link)))


def test_a_folder_of_another_user_is_refused(
    folder: RuntimeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_id = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own_id + 1)
    with pytest.raises(ConfigError, match=f"belongs to user id {own_id}, but yours is"):
        check_private(folder)


def test_a_file_in_its_place_is_refused(bantam_directories: Directories) -> None:
    bantam_directories.runtime.write_text("")
    with pytest.raises(ConfigError, match=str(bantam_directories.runtime)):
        create_private(runtime_folder(bantam_directories))


def test_a_missing_folder_is_not_an_error_of_the_user(bantam_directories: Directories) -> None:
    with pytest.raises(FileNotFoundError):
        check_private(runtime_folder(bantam_directories))


def test_the_longest_path_is_accepted_and_one_byte_more_is_not(
    bantam_directories: Directories,
) -> None:
    num_chars = MAX_SOCKET_PATH_BYTES - len("/engine.sock")
    longest = Path("/" + "r" * (num_chars - 1))
    runtime_folder(replace(bantam_directories, runtime=longest))
    with pytest.raises(ConfigError, match=f"{MAX_SOCKET_PATH_BYTES + 1} bytes") as caught:
        runtime_folder(replace(bantam_directories, runtime=Path(f"{longest}r")))
    assert "BANTAM_RUNTIME_DIR" in str(caught.value)


def test_the_length_is_counted_in_bytes(bantam_directories: Directories) -> None:
    with pytest.raises(ConfigError, match="BANTAM_RUNTIME_DIR"):
        runtime_folder(replace(bantam_directories, runtime=Path("/" + "ü" * 60)))
