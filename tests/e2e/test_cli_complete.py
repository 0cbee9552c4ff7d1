"""`bantam complete` as a process, with an engine process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.process import engine_status
from tests.support.command import bantam, start_bantam
from tests.support.engine_processes import engines_of, no_engine_left

pytestmark = pytest.mark.e2e

SOURCE = "def add(a, b):\n    \n\n\nprint(add(1, 2))\n"


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "add.py"
    path.write_text(SOURCE)
    return path


def test_the_suggestion_alone_goes_to_standard_output(file: Path) -> None:
    result = bantam("complete", "--model", "fake", f"{file}:2:5")
    assert (result.stdout, result.stderr, result.returncode) == ("return a + b\n", "", 0)


def test_a_model_that_only_chats_completes_through_its_template(file: Path) -> None:
    result = bantam("complete", "--model", "fake:chat-only", f"{file}:2:5")
    assert result.stdout == "total = a + b\n    return total\n"
    assert (result.stderr, result.returncode) == ("", 0)


def test_a_second_completion_uses_the_engine_of_the_first(
    file: Path, bantam_directories: Directories
) -> None:
    bantam("complete", "--model", "fake", f"{file}:2:5")
    (first,) = engines_of(bantam_directories)
    result = bantam("complete", "--model", "fake", "--json", f"{file}:2:5")
    (second,) = engines_of(bantam_directories)
    assert first.pid == second.pid
    assert json.loads(result.stdout)["tokens"]["reused"] > 0


def test_json_of_a_completion(file: Path) -> None:
    result = bantam("complete", "--model", "fake", "--json", f"{file}:2:5")
    values = json.loads(result.stdout)
    assert values["items"] == [
        {
            "text": "return a + b",
            "range": {"start": {"line": 2, "column": 5}, "end": {"line": 2, "column": 5}},
            "finish_reason": "stop",
        }
    ]
    assert values["model"] == "fake"
    assert set(values["tokens"]) == {"computed", "reused", "shifted", "generated"}
    assert values["tokens"]["computed"] > 0
    assert values["ms"]["total"] > 0


def test_standard_input_with_a_language_and_a_position() -> None:
    result = bantam(
        "complete", "-:2:5", "--model", "fake", "--language", "python", standard_input=SOURCE
    )
    assert result.stdout == "return a + b\n"


def test_standard_input_with_a_path_ends_at_the_cursor(tmp_path: Path) -> None:
    result = bantam(
        *("complete", "-", "--model", "fake", "--path", "add.py"),
        standard_input="def add(a, b):\n    ",
        folder=tmp_path,
    )
    assert (result.stdout, result.stderr) == ("return a + b\n", "")


def test_show_prints_the_file_with_ghost_text(file: Path) -> None:
    result = bantam("complete", "--model", "fake", "--show", f"{file}:2:5")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["1 │ def add(a, b):", "2 │     «return a + b»"]
    assert lines[-1].startswith("fake · ")
    assert "generated" in lines[-1]


@pytest.mark.real_model
def test_a_real_model_completes_a_real_file(embedded_model: Path) -> None:
    source = Path(json.__file__)
    line_number, line = next(
        (number, line)
        for number, line in enumerate(source.read_text("utf-8").splitlines(), start=1)
        if line.startswith("def dumps(")
    )
    column = len("def dumps(") + 1
    result = bantam(
        *("complete", "--json", "-n", "2", "--max-tokens", "16"),
        *("--model", str(embedded_model), f"{source}:{line_number}:{column}"),
    )
    values = json.loads(result.stdout)
    assert result.returncode == 0
    assert 1 <= values["tokens"]["generated"] <= 2 * 17
    for item in values["items"]:
        assert item["range"]["start"] == {"line": line_number, "column": column}
        assert item["finish_reason"] in ("stop", "length")
        assert "\N{REPLACEMENT CHARACTER}" not in item["text"]
    assert line


@pytest.mark.real_model
def test_the_same_question_gets_the_same_answer(file: Path, embedded_model: Path) -> None:
    arguments = ("complete", "--model", str(embedded_model), f"{file}:2:5")
    assert bantam(*arguments).stdout == bantam(*arguments).stdout


def test_a_missing_model_is_one_line_and_status_1(file: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none.gguf"
    result = bantam("complete", "--model", str(missing), f"{file}:2:5")
    assert (result.stdout, result.returncode) == ("", 1)
    assert result.stderr.startswith("bantam: error: ")
    assert str(missing) in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("model", ["fake:broken", "fake:no-infill"])
def test_a_model_that_cannot_be_used_is_one_line_and_status_1(file: Path, model: str) -> None:
    result = bantam("complete", "--model", model, f"{file}:2:5")
    assert (result.stdout, result.returncode) == ("", 1)
    assert result.stderr.count("\n") == 1


async def _until_running(num_requests: int, directories: Directories) -> None:
    async with asyncio.timeout(60):
        while True:
            status = await engine_status(directories)
            models = status.models if status else ()
            if sum(model.num_running for model in models) == num_requests:
                return
            await asyncio.sleep(0.05)


async def test_an_interrupt_ends_the_request_too(
    tmp_path: Path, bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None of our own rules ends here what the slow model writes.
    file = tmp_path / "total.py"
    file.write_text("total = 0\n\n")
    monkeypatch.setenv("BANTAM_COMPLETION_MAX_MS", "60000")
    monkeypatch.setenv("BANTAM_COMPLETION_MAX_LINES", "100")
    options = ("--model", "fake:slow", "--max-tokens", "1024")
    with start_bantam("complete", *options, f"{file}:2:1") as process:
        await wait_until(lambda: bool(engines_of(bantam_directories)), timeout_s=60.0)
        await _until_running(1, bantam_directories)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (out, err.strip(), process.returncode) == ("", "", 130)
    await _until_running(0, bantam_directories)


def test_a_reader_that_goes_away_is_no_error(file: Path) -> None:
    # The reader ends at once, and the answer is written some seconds later.
    command = '"$@" | true; echo "${PIPESTATUS[0]}"'
    arguments = [sys.executable, "-m", "lsp_server", "complete", "--model", "fake"]
    result = subprocess.run(
        ["bash", "-c", command, "bash", *arguments, f"{file}:2:5"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (result.stdout, result.stderr) == ("141\n", "")
