"""Run a long command and show that it is alive: elapsed time and its latest step."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

#: A compile step as ninja writes it: `[12/345] Building CXX object …/ggml.cpp.o`.
_NINJA_STEP = re.compile(r"\[(\d+)/(\d+)\]\s+(\S.*)")

_TERMINAL_PERIOD_S = 0.25
_PIPE_PERIOD_S = 15.0
_NUM_TAIL_LINES = 30
_MAX_LINE_CHARS = 100


class StepFailed(Exception):
    """A command failed; the message has its last lines and says where the rest is."""


@dataclass
class Reporter:
    """Writes what is going on: one updating line on a terminal, a line now and then in a pipe.

    Attributes:
        stream: Where to.
        clock: Seconds, monotonic.
    """

    stream: TextIO
    clock: Callable[[], float] = time.monotonic
    _title: str = ""
    _start_s: float = 0.0
    _next_s: float = 0.0
    _is_terminal: bool = field(init=False)

    def __post_init__(self) -> None:
        self._is_terminal = self.stream.isatty()

    def start(self, title: str) -> None:
        """Begin a step."""
        self._title = title
        self._start_s = self.clock()
        self._next_s = self._start_s
        self.update("")

    def update(self, detail: str) -> None:
        """Show the step with its elapsed time and a detail, if it is time to."""
        now_s = self.clock()
        if now_s < self._next_s:
            return
        self._next_s = now_s + (_TERMINAL_PERIOD_S if self._is_terminal else _PIPE_PERIOD_S)
        self._write(detail, is_last=False)

    def finish(self) -> None:
        """End the step."""
        self._write("done", is_last=True)

    def _write(self, detail: str, *, is_last: bool) -> None:
        minutes, seconds = divmod(int(self.clock() - self._start_s), 60)
        line = f"{minutes:2}:{seconds:02}  {self._title}  {detail}".rstrip()[:_MAX_LINE_CHARS]
        if self._is_terminal:
            self.stream.write(f"\r\x1b[K{line}" + ("\n" if is_last else ""))
        else:
            self.stream.write(line + "\n")
        self.stream.flush()


def build_step(line: str) -> str | None:
    """Return a compile step in a few words, or `None` for any other line."""
    found = _NINJA_STEP.search(line)
    if found is None:
        return None
    number, total, command = found.groups()
    # A link step is a whole shell command; what it makes stands after `-o`, or last.
    output = re.search(r" -o (\S+)", command)
    words = [word for word in command.split() if word not in ("&&", ":")]
    made = output[1] if output else words[-1] if words else ""
    return f"[{number}/{total}] {Path(made).name}".rstrip()


def run_step(
    title: str,
    command: list[str],
    reporter: Reporter,
    *,
    log_file: Path,
    environment: Mapping[str, str],
) -> None:
    """Run a command to its end, its output in `log_file`, its progress on the reporter.

    Raises:
        StepFailed: It ended with another status than 0.
    """
    reporter.start(title)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=_NUM_TAIL_LINES)
    with subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        # A group of its own, so that the compilers that it starts can be ended with it.
        start_new_session=True,
    ) as process:
        try:
            with log_file.open("w", encoding="utf-8") as log:
                _follow(process, reporter, log, tail)
        except BaseException:
            _end(process)
            raise
    status = process.returncode
    if status != 0:
        lines = "\n".join(f"    {line}" for line in tail)
        raise StepFailed(
            f"{title} failed with status {status}; its last lines were\n{lines}\n"
            f"The whole output is in {log_file}"
        )
    reporter.finish()


def _follow(
    process: subprocess.Popen[str], reporter: Reporter, log: TextIO, tail: deque[str]
) -> None:
    # A thread reads, so that the elapsed time goes on while the command is silent.
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    detail = ""
    while True:
        try:
            line = lines.get(timeout=_TERMINAL_PERIOD_S)
        except queue.Empty:
            reporter.update(detail)
            continue
        if line is None:
            return
        log.write(line)
        tail.append(line.rstrip())
        detail = build_step(line) or detail
        reporter.update(detail)


def _end(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.terminate()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None, "it was opened with a pipe"
    for line in process.stdout:
        lines.put(line)
    lines.put(None)
