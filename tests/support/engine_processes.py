"""Real engine processes of one test: find them, wait for their end, leave none behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from lsp_server.directories import Directories

REPOSITORY = Path(__file__).parents[2]


def engines_of(directories: Directories) -> list[psutil.Process]:
    """Return the engine processes that use these directories."""
    return [
        process
        for process in psutil.process_iter()
        if _is_engine_of(process, str(directories.runtime))
    ]


@contextmanager
def no_engine_left(directories: Directories) -> Iterator[None]:
    """Kill what a test left running."""
    try:
        yield
    finally:
        left = engines_of(directories)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=30)


def environment_of(process: psutil.Process) -> dict[str, str] | None:
    """Return a process's environment; `None`: an engine lets nobody but root look into it."""
    try:
        return dict(process.environ()) or None
    except psutil.AccessDenied:
        return None


def start_script(name: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a script of `tests/support` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.support.{name}", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )


def _is_engine_of(process: psutil.Process, runtime: str) -> bool:
    try:
        is_engine = any("engine" in argument for argument in process.cmdline()[1:])
        return is_engine and uses_runtime(process, runtime)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def uses_runtime(process: psutil.Process, runtime: str) -> bool:
    """Return whether a process has this runtime folder, as its command line or environment says.

    Raises:
        psutil.Error: It has ended, or its command line is hidden.
    """
    if runtime in process.cmdline():
        return True
    return (environment_of(process) or {}).get("BANTAM_RUNTIME_DIR") == runtime
