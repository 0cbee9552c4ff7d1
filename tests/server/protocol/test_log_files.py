"""One log per process: rotated alone, kept while its process lives, cleaned up afterwards."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lsp_server.server.protocol import log_files
from lsp_server.server.protocol.log_files import ProcessLog, remove_old_logs

WRITER = """
import logging, sys
from pathlib import Path
from lsp_server.server.protocol import log_files
log_files.MAX_BYTES = 8_000
log = log_files.ProcessLog(Path(sys.argv[1]))
for number in range(400):
    log.emit(logging.makeLogRecord({"msg": f"{sys.argv[2]} {number} " + "x" * 20}))
print("written", flush=True)
sys.stdin.read()
"""


def old_log(folder: Path, number: int) -> Path:
    path = folder / f"server-20200101T0000{number:02}-{number}.log"
    path.write_text("old")
    path.with_name(f"{path.name}.1").write_text("older")
    return path


def record(text: str) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text})


def test_a_file_is_made_with_the_first_line(tmp_path: Path) -> None:
    log = ProcessLog(tmp_path)
    assert list(tmp_path.iterdir()) == []
    log.emit(record("first"))
    [file] = tmp_path.iterdir()
    assert f"-{os.getpid()}.log" in file.name
    assert file.read_text() == "first\n"
    log.close()


def test_several_processes_lose_no_line(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("first", "second")
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
    # Both live: whoever cleans up meanwhile takes nothing of theirs.
    remove_old_logs(tmp_path, num_kept=0)
    texts = {writer.pid: read_log(tmp_path, writer.pid) for writer in writers}
    for writer, name in zip(writers, ("first", "second"), strict=True):
        lines = texts[writer.pid]
        assert [line.split()[:2] for line in lines] == [[name, str(n)] for n in range(400)]
        writer.communicate()
    remove_old_logs(tmp_path, num_kept=0)
    assert list(tmp_path.iterdir()) == []


def read_log(folder: Path, pid: int) -> list[str]:
    [file] = folder.glob(f"server-*-{pid}.log")
    older = file.with_name(f"{file.name}.1")
    return [*older.read_text().splitlines(), *file.read_text().splitlines()]


def test_a_log_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "MAX_BYTES", 1_000)
    log = ProcessLog(tmp_path)
    for _ in range(300):
        log.emit(record("x" * 99))
    log.close()
    assert sorted(file.stat().st_size for file in tmp_path.iterdir()) <= [1_000, 1_000]
    assert len(list(tmp_path.iterdir())) == 2


def test_the_newest_of_those_that_have_ended_stay(tmp_path: Path) -> None:
    logs = [old_log(tmp_path, number) for number in range(12)]
    (tmp_path / "engine.log").write_text("another's")
    remove_old_logs(tmp_path, num_kept=3)
    kept = {path.name for path in tmp_path.iterdir()}
    newest = [path.name for path in logs[-3:]]
    assert kept == {*newest, *(f"{name}.1" for name in newest), "engine.log"}


def test_a_line_that_cannot_be_written_is_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = ProcessLog(folder)
    folder.rmdir()
    log.handle(record("lost"))
    assert capsys.readouterr().err == ""
    log.close()
