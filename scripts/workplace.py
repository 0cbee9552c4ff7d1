"""Folders of their own for servers and engines that a script starts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lsp_server.directories import Directories


@contextmanager
def workplace() -> Iterator[tuple[Path, Directories]]:
    """Give a short folder for everything that is written; a socket's path has to be short."""
    with tempfile.TemporaryDirectory(prefix="bantam-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        yield (
            root,
            Directories(
                config=root / "config",
                state=root / "state",
                cache=root / "cache",
                data=root / "data",
                runtime=root / "run",
            ),
        )


def environment_of(folders: Directories) -> Mapping[str, str]:
    """Return the environment for a process that uses these folders."""
    return os.environ | {
        "BANTAM_CONFIG_HOME": str(folders.config),
        "BANTAM_STATE_HOME": str(folders.state),
        "BANTAM_CACHE_HOME": str(folders.cache),
        "BANTAM_DATA_HOME": str(folders.data),
        "BANTAM_RUNTIME_DIR": str(folders.runtime),
    }
