"""Where Bantam keeps its files; the only place that knows.

Each folder follows the platform's convention and can be redirected by an environment
variable.  Nothing here creates a folder: whoever writes calls `make_private`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from lsp_server.errors import ConfigError

APP_NAME = "bantam"


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
        config=_redirected("BANTAM_CONFIG_HOME", lambda: dirs.user_config_path),
        state=_redirected("BANTAM_STATE_HOME", lambda: dirs.user_state_path),
        cache=_redirected("BANTAM_CACHE_HOME", lambda: dirs.user_cache_path),
        data=_redirected("BANTAM_DATA_HOME", lambda: dirs.user_data_path),
        runtime=_redirected("BANTAM_RUNTIME_DIR", lambda: _runtime_path(dirs)),
    )


def make_private(folder: Path) -> Path:
    """Create `folder` (and its parents) readable by the user alone, and return it.

    Raises:
        ConfigError: The folder cannot be created.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot create the folder {folder}: {error.strerror}; make it writable or point "
            "BANTAM_CONFIG_HOME, BANTAM_STATE_HOME, BANTAM_CACHE_HOME, BANTAM_DATA_HOME or "
            "BANTAM_RUNTIME_DIR somewhere else"
        ) from error
    return folder


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


def _redirected(variable: str, default: Callable[[], Path]) -> Path:
    value = os.environ.get(variable)
    if not value:
        return default()
    path = Path(value)
    if not path.is_absolute():
        raise ConfigError(f"{variable} is {value!r}: it must be an absolute path")
    return path
