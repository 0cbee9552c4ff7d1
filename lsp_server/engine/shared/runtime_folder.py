"""The folder of the engine's socket and locks: where its files are, and that it is private.

Whoever can enter this folder can reach the engine, so nobody but the user may.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from lsp_server.directories import Directories, make_private
from lsp_server.errors import ConfigError

#: `sun_path` holds 108 bytes on Linux (unix(7)) and 104 on macOS and the BSDs (unix(4)), each
#: with the byte that ends it.
MAX_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103


@dataclass(frozen=True, slots=True)
class RuntimeFolder:
    """The files of the shared engine.

    Attributes:
        path: The folder.
        log_file: The engine's log, in the folder of logs.
        output_file: What the engine and its native libraries wrote to standard error.
    """

    path: Path
    log_file: Path
    output_file: Path

    @property
    def socket(self) -> Path:
        """The engine listens here."""
        return self.path / "engine.sock"

    @property
    def engine_lock(self) -> Path:
        """Locked by the engine as long as it lives; holds its process id."""
        return self.path / "engine.lock"

    @property
    def start_lock(self) -> Path:
        """Locked by the client that is starting an engine."""
        return self.path / "start.lock"

    @property
    def deaths_file(self) -> Path:
        """When engines died lately."""
        return self.path / "deaths.json"


def runtime_folder(directories: Directories) -> RuntimeFolder:
    """Return the engine's files; neither creates nor looks at any of them.

    Raises:
        ConfigError: The path of the socket would be longer than the system allows.
    """
    folder = RuntimeFolder(
        path=directories.runtime,
        log_file=directories.logs / "engine.log",
        output_file=directories.logs / "engine-output.log",
    )
    num_bytes = len(os.fsencode(folder.socket))
    if num_bytes > MAX_SOCKET_PATH_BYTES:
        raise ConfigError(
            f"the path of the engine's socket, {folder.socket}, has {num_bytes} bytes; the "
            f"limit is {MAX_SOCKET_PATH_BYTES}: set BANTAM_RUNTIME_DIR to a folder with a "
            "shorter path"
        )
    return folder


def create_private(folder: RuntimeFolder) -> None:
    """Create the folder if it is missing, and check it.

    Raises:
        ConfigError: It cannot be created, or somebody else could enter it.
    """
    make_private(folder.path)
    check_private(folder)


def check_private(folder: RuntimeFolder) -> None:
    """Check that the folder is a real one, the user's own, and closed to everybody else.

    Raises:
        ConfigError: It is not.
        FileNotFoundError: There is no such folder.
    """
    try:
        status = os.lstat(folder.path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(
            _refusal(folder.path, f"cannot be looked at: {error.strerror}")
        ) from error
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError(_refusal(folder.path, "is not a folder"))
    if status.st_uid != os.getuid():
        raise ConfigError(
            _refusal(folder.path, f"belongs to user id {status.st_uid}, but yours is {os.getuid()}")
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise ConfigError(
            _refusal(
                folder.path,
                f"can be entered by others: its permissions are {mode:04o}, the limit is 0700; "
                f"run `chmod 700 {folder.path}`",
                otherwise="or ",
            )
        )


def _refusal(path: Path, fault: str, *, otherwise: str = "") -> str:
    return (
        f"the engine's runtime folder {path} {fault}{',' if otherwise else ';'} {otherwise}"
        "set BANTAM_RUNTIME_DIR to a folder that only you can enter"
    )
