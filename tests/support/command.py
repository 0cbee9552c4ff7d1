"""The `bantam` command as a person or a script runs it: a process of its own."""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 100.0


def bantam(
    *arguments: str, standard_input: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `bantam` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "lsp_server", *arguments],
        input=standard_input,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )


def start_bantam(*arguments: str) -> subprocess.Popen[str]:
    """Start `bantam` and return while it runs.

    It can be interrupted even where the tests run in the background of a shell, which makes
    its commands deaf to the interrupt key, and them their children.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "lsp_server", *arguments],
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
