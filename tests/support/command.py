"""The `bantam` command as a person or a script runs it: a process of its own."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_S = 100.0


def bantam(
    *arguments: str | bytes,
    standard_input: str = "",
    folder: Path | None = None,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str | None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `bantam` to its end.

    Args:
        arguments: Of its command line.
        standard_input: What it may read.
        folder: Its current folder.
        prefix: A command that runs the command that follows it.
        environment: Variables that it has besides; `None` takes one away.
    """
    variables = {**os.environ, **(environment or {})}
    return subprocess.run(
        [*prefix, sys.executable, "-m", "lsp_server", *arguments],
        input=standard_input,
        cwd=folder,
        env={name: value for name, value in variables.items() if value is not None},
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
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
