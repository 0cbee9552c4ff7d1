"""Which files Bantam wrote, how large they are, and how to remove them and nothing else.

A redirected folder may be one that the user has other things in, and on some platforms
settings and logs share a folder: so files are removed by name, and a folder only when it is
empty afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsp_server.directories import Directories
from lsp_server.errors import ConfigError

#: What Bantam writes into each folder, as patterns; whoever adds a file adds it here.
_STATE = ("logs", "explanations")
_CACHE = ("ctransformers",)
_RUNTIME = ("engine.sock", "engine.lock", "start.lock", "deaths.json")
_CONFIG = ("config.toml",)
_DATA = ("models",)


@dataclass(frozen=True, slots=True)
class Leftover:
    """One file or folder that Bantam wrote.

    Attributes:
        path: Where it is.
        num_bytes: Its size, with everything in it.
    """

    path: Path
    num_bytes: int


def find_leftovers(folders: Directories, *, with_config: bool, with_models: bool) -> list[Leftover]:
    """Return what Bantam wrote and is there now, sorted by path."""
    patterns = [(folders.state, _STATE), (folders.cache, _CACHE), (folders.runtime, _RUNTIME)]
    if with_config:
        patterns.append((folders.config, _CONFIG))
    if with_models:
        patterns.append((folders.data, _DATA))
    paths = {path for folder, names in patterns for name in names for path in folder.glob(name)}
    return [Leftover(path, _num_bytes(path)) for path in sorted(paths)]


def remove(leftover: Leftover) -> None:
    """Remove it; whatever a link points to stays.

    Raises:
        ConfigError: It cannot be removed.
    """
    try:
        if leftover.path.is_dir() and not leftover.path.is_symlink():
            shutil.rmtree(leftover.path)
        else:
            leftover.path.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_remove(leftover.path, error) from error


def remove_empty_folders(folders: Directories) -> list[Path]:
    """Remove Bantam's folders that are empty, and return those that hold something else.

    Raises:
        ConfigError: One cannot be removed.
    """
    kept: list[Path] = []
    every = [folders.state, folders.cache, folders.runtime, folders.config, folders.data]
    for folder in dict.fromkeys(every):
        if not folder.is_dir():
            continue
        try:
            if any(folder.iterdir()):
                kept.append(folder)
            else:
                folder.rmdir()
        except OSError as error:
            raise _cannot_remove(folder, error) from error
    return kept


def _cannot_remove(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path} cannot be removed: {error.strerror}; make the folder that it is in writable, or "
        "remove it by hand"
    )


def _num_bytes(path: Path) -> int:
    return sum(file.lstat().st_size for file in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            yield from _files(inner)
    else:
        yield path
