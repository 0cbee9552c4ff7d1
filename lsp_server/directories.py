"""Where Bantam keeps its files; the only place that knows.

Each folder follows the platform's convention and can be redirected by an environment
variable.  Nothing here creates a folder: whoever writes calls `make_private`.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from lsp_server.errors import ConfigError

APP_NAME = "bantam"

#: What redirects each folder of `Directories`.
_VARIABLES = {
    "config": "BANTAM_CONFIG_HOME",
    "state": "BANTAM_STATE_HOME",
    "cache": "BANTAM_CACHE_HOME",
    "data": "BANTAM_DATA_HOME",
    "runtime": "BANTAM_RUNTIME_DIR",
}
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_OCCUPIED = frozenset(
    {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENOTEMPTY}
)


@dataclass(frozen=True, slots=True)
class Directories:
    """The five folders, absolute.

    Attributes:
        config: Settings that the user writes (`config.toml`).
        state: What Bantam remembers and its logs.
        cache: What can be deleted and made again.
        data: What the user downloaded: models.
        runtime: The engine's socket, lock and secret; only the user can enter it.
    """

    config: Path
    state: Path
    cache: Path
    data: Path
    runtime: Path

    @property
    def config_file(self) -> Path:
        """The user's settings file; it need not exist."""
        return self.config / "config.toml"

    @property
    def models(self) -> Path:
        """The folder of downloaded models."""
        return self.data / "models"

    @property
    def logs(self) -> Path:
        """The folder of rotated log files."""
        return self.state / "logs"


def directories() -> Directories:
    """Return the folders that the environment and the platform give now.

    Raises:
        ConfigError: A `BANTAM_*_HOME` variable holds a relative path, or the platform has no
            safe runtime folder.
    """
    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
    return Directories(
        config=_redirected("config", lambda: dirs.user_config_path),
        state=_redirected("state", lambda: dirs.user_state_path),
        cache=_redirected("cache", lambda: dirs.user_cache_path),
        data=_redirected("data", lambda: dirs.user_data_path),
        runtime=_redirected("runtime", lambda: _runtime_path(dirs)),
    )


def make_private(folder: Path) -> Path:
    """Create `folder` (and its parents) readable by the user alone, and return it.

    Raises:
        ConfigError: The folder cannot be created.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise write_refusal(folder, error) from error
    return folder


def write_refusal(path: Path, error: OSError) -> ConfigError:
    """Return the error for a file or folder of Bantam's that the system does not let us write.

    Args:
        path: The file or folder.
        error: What the system said.
    """
    reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
    variable = _variable_of(path)
    other = f", or set {variable} to another folder" if variable else ""
    return ConfigError(f"cannot write {path}: {reason}; {_remedy(error)}{other}")


def try_own_refusal(error: OSError) -> ConfigError | None:
    """Return the error for a fault of the system with one of Bantam's own files or folders.

    Returns:
        `None` if it was about anything else.
    """
    if not isinstance(error.filename, str):
        return None
    path = Path(error.filename)
    variable = _variable_of(path)
    if variable is None:
        return None
    return ConfigError(
        f"cannot use {path}: {error.strerror}; {_remedy(error)}, or set {variable} to another "
        "folder"
    )


def _remedy(error: OSError) -> str:
    if error.errno in _FULL:
        return "free some space on its disk"
    if error.errno in _OCCUPIED:
        return "remove what stands in its place"
    if error.errno in _DENIED:
        return "make its folder accessible to you"
    return "make its folder writable"


def _variable_of(path: Path) -> str | None:
    """Return what redirects the folder that a path is in, or is."""
    folders = directories()
    for name, variable in _VARIABLES.items():
        if path.is_relative_to(getattr(folders, name)):
            return variable
    return None


def _runtime_path(dirs: platformdirs.PlatformDirsABC) -> Path:
    # Without XDG_RUNTIME_DIR platformdirs warns and takes a folder of the user's own below the
    # temporary one, which it has checked: that is what we want, and standard error is the
    # editor's log.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dirs.user_runtime_path
        except PermissionError as error:
            raise ConfigError(
                f"there is no safe runtime folder: {error}; set BANTAM_RUNTIME_DIR to a folder "
                "that only you can enter"
            ) from error


def _redirected(name: str, default: Callable[[], Path]) -> Path:
    variable = _VARIABLES[name]
    value = os.environ.get(variable)
    if not value:
        return default()
    path = Path(value)
    if not path.is_absolute():
        raise ConfigError(
            f"{variable} is {value!r}: it must be an absolute path; write the whole path of a "
            "folder, or unset it"
        )
    return path
