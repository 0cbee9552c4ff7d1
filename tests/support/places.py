"""Folders that are full, read-only or forbidden, for one command and the engine that it starts.

Each function returns the beginning of a command line that runs the command after it there.
"""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

#: Small enough to be filled at once.
_SIZE = "size=64k"
#: Mounts at $1 with the options $2, fills it when $3 says so, and runs the rest.
_MOUNT = (
    'set -e; mount -t tmpfs -o "$2" none "$1"; '
    'if [ "$3" = full ]; then dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null || true; fi; '
    'shift 3; exec "$@"'
)
_OBEY = "-dac_override,-dac_read_search"


def read_only(folder: Path) -> list[str]:
    """Return a prefix for which a folder is an empty, read-only one, also for the superuser."""
    return _mounted(folder, f"{_SIZE},ro,mode=700", "empty")


def full(folder: Path) -> list[str]:
    """Return a prefix for which a folder lies on a disk without a free byte."""
    return _mounted(folder, f"{_SIZE},mode=700", "full")


def without_inodes(folder: Path) -> list[str]:
    """Return a prefix for which a folder lies on a disk that takes no further file."""
    return _mounted(folder, f"{_SIZE},mode=700,nr_inodes=1", "empty")


def obeying_permissions() -> list[str]:
    """Return a prefix for a user to whom permissions apply, as they do not to the superuser."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", f"--inh-caps={_OBEY}", f"--bounding-set={_OBEY}"]
    if not _works([*prefix, "true"]):
        _cannot("setpriv cannot take a superuser's privileges away here")
    return prefix


def _mounted(folder: Path, options: str, filling: str) -> list[str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [*_unshare(), "sh", "-c", _MOUNT, "sh", str(folder), options, filling]


@functools.cache
def _unshare() -> tuple[str, ...]:
    """Return what gives a command mounts of its own: as superuser, or in a user namespace."""
    command = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")
    with tempfile.TemporaryDirectory() as folder:
        if not _works([*command, "mount", "-t", "tmpfs", "none", folder]):
            _cannot("neither the superuser's mounts nor a user namespace's are allowed here")
    return command


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _cannot(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and in CI nothing is skipped")
    pytest.skip(reason)
