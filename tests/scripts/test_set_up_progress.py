"""How set-up shows that a long step is alive, and what it says when one fails."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path

import psutil
import pytest

from scripts.set_up.progress import Reporter, StepFailed, build_step, run_step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_pipe_gets_a_line_every_fifteen_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    reporter = Reporter(out, clock)
    reporter.start("Compiling")
    for second in range(1, 61):
        clock.now_s = 100.0 + second
        reporter.update(f"[{second}/99] a.cpp")
    reporter.finish()
    assert out.getvalue().splitlines() == [
        " 0:00  Compiling",
        " 0:15  Compiling  [15/99] a.cpp",
        " 0:30  Compiling  [30/99] a.cpp",
        " 0:45  Compiling  [45/99] a.cpp",
        " 1:00  Compiling  [60/99] a.cpp",
        " 1:00  Compiling  done",
    ]


def test_a_terminal_gets_one_line_that_changes() -> None:
    out, clock = Terminal(), Clock()
    reporter = Reporter(out, clock)
    reporter.start("Compiling")
    clock.now_s += 5
    reporter.update("[1/2] a.cpp")
    reporter.finish()
    assert out.getvalue().count("\n") == 1
    assert "\r\x1b[K 0:05  Compiling  [1/2] a.cpp" in out.getvalue()


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("  [81/140] /usr/bin/g++ -O3 -o x/ggml.cpp.o -c /src/ggml.cpp\n", "[81/140] ggml.cpp.o"),
        ("[3/9] : && ar qc liba.a x.o && ranlib liba.a && :", "[3/9] liba.a"),
        ("  *** Building project with Ninja...", None),
        ("warning: [unused]", None),
    ],
)
def test_build_step_is_a_few_words(line: str, step: str | None) -> None:
    assert build_step(line) == step


def run(code: str, log_file: Path) -> str:
    out = io.StringIO()
    command = [sys.executable, "-c", code]
    run_step("Trying", command, Reporter(out), log_file=log_file, environment=dict(os.environ))
    return out.getvalue()


def test_run_step_keeps_the_output_in_the_log(tmp_path: Path) -> None:
    log_file = tmp_path / "logs" / "step.log"
    assert "done" in run("print('all of it')", log_file)
    assert log_file.read_text() == "all of it\n"


def test_an_interrupted_step_ends_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    code = (
        "import subprocess, sys, pathlib;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"pathlib.Path({str(started)!r}).write_text(str(child.pid)); child.wait()"
    )

    def interrupt_when_started(_self: Reporter, _detail: str) -> None:
        if started.exists() and started.read_text():
            raise KeyboardInterrupt

    monkeypatch.setattr(Reporter, "update", interrupt_when_started)
    with pytest.raises(KeyboardInterrupt):
        run(code, tmp_path / "step.log")
    with contextlib.suppress(psutil.NoSuchProcess):
        grandchild = psutil.Process(int(started.read_text()))
        _, left = psutil.wait_procs([grandchild], timeout=30)
        # A container may have nobody who takes note of an orphan's end.
        assert not left or grandchild.status() == psutil.STATUS_ZOMBIE


def test_run_step_fails_with_the_last_lines_and_the_log(tmp_path: Path) -> None:
    code = "import sys; [print('line', i) for i in range(99)]; sys.exit(3)"
    with pytest.raises(StepFailed) as caught:
        run(code, tmp_path / "step.log")
    message = str(caught.value)
    assert "Trying failed with status 3" in message
    assert "line 98" in message
    assert "line 10\n" not in message
    assert str(tmp_path / "step.log") in message
