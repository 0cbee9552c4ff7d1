"""Run a program that starts others, and leave none of them behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE_S = 10.0


@contextmanager
def running_group(command: list[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program in a process group of its own, and end that group afterwards."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    try:
        yield process
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[Any]) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        deadline_s = time.monotonic() + _PATIENCE_S
        has_members = _signal_group(process.pid, ending)
        while has_members and time.monotonic() < deadline_s:
            time.sleep(0.1)
            process.poll()  # Takes the leader's exit status, or it would stay in the group.
            has_members = _signal_group(process.pid, 0)
        if not has_members:
            return
    raise AssertionError(f"the processes of group {process.pid} cannot be ended")


def _signal_group(group: int, number: int) -> bool:
    """Send a signal, 0 for none; returns whether anybody was in the group."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
