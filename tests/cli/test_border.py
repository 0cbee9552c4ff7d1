"""Every way out of a command: one line on standard error, and the documented exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lsp_server import __version__
from lsp_server.cli import border
from lsp_server.cli.border import run
from lsp_server.cli.main import bantam
from lsp_server.errors import ConfigError, EngineStartError, ModelNotFoundError, UsageError


def command_that_raises(error: BaseException) -> click.Command:
    @click.command()
    @click.option("--debug", is_flag=True)
    def command(debug: bool) -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("the file x is missing"), 2),
        (ConfigError("the file x is missing"), 2),
        (click.UsageError("the file x is missing"), 2),
        (ModelNotFoundError("the file x is missing"), 1),
        (EngineStartError("the file x is missing"), 1),
    ],
)
def test_our_errors_are_one_line(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command_that_raises(error), []) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bantam: error: the file x is missing")
    assert captured.err.count("\n") == 1


def test_a_bug_is_one_line_that_says_how_to_see_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command_that_raises(KeyError("x")), []) == 1
    err = capsys.readouterr().err
    assert err.startswith("bantam: error: unexpected KeyError: 'x'")
    assert "--debug" in err
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command_that_raises(ModelNotFoundError("no x")), ["--debug"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("bantam: error: no x\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_130_and_no_traceback(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command_that_raises(error), []) == 130
    assert capsys.readouterr().err.strip() == ""


def test_a_reader_that_went_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "lsp_server", "--help"],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert result.stderr == b""
    assert result.returncode == 141


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["compleet", "a.py:1:1"], "the commands are complete, "),
        (["complete"], "FILE:LINE:COLUMN"),
        (["complete", "a.py"], "FILE:LINE:COLUMN"),
        (["complete", "none.py:1:1"], "none.py does not exist"),
        (["complete", "--frob", "a.py:1:1"], "--frob"),
        (["complete", "-n", "9", "a.py:1:1"], "1<=x<=8"),
        (["complete", "--json", "--show", "a.py:1:1"], "exclude each other"),
        (["complete", "--path", "b.py", "a.py:1:1"], "--path is for"),
        (["complete", "--max-tokens", "0", "a.py:1:1"], "an integer from 1 to 1,024"),
        (["complete", "--model", "", "a.py:1:1"], "a text that is not empty"),
        (["serve", "--tcp", "2087"], "HOST:PORT"),
        (["serve", "--tcp", "localhost:99999"], "65535"),
        (["serve", "--stdio", "--tcp", "localhost:1"], "exclude each other"),
    ],
)
def test_a_wrong_command_line_names_what_is_wrong(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bantam: error: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err


def test_a_setting_that_cannot_be_used_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANTAM_COMPLETION_MAX_LINES", "many")
    assert run(bantam, ["complete", str(tmp_path / "none.py:1:1")]) == 2
    warning, error, _ = capsys.readouterr().err.split("\n")
    assert warning.startswith("bantam: warning: environment variable BANTAM_COMPLETION_MAX_LINES")
    assert error.startswith("bantam: error: ")


@pytest.mark.parametrize("arguments", [[], ["engine"], ["models"]])
def test_a_group_alone_shows_its_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bantam, arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: bantam")
    assert "Commands:" in captured.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bantam, ["--version"]) == 0
    assert capsys.readouterr().out == f"bantam {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["complete"],
        ["serve"],
        ["engine"],
        ["engine", "status"],
        ["engine", "stop"],
        ["models"],
        ["models", "list"],
        ["models", "show"],
        ["doctor"],
        ["clean"],
    ],
)
def test_every_command_has_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bantam, [*arguments, "--help"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Usage: bantam")
    assert captured.err == ""


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["serve", "--help"]])
def test_what_every_editor_window_starts_imports_nothing_slow(arguments: list[str]) -> None:
    code = (
        "import sys; from lsp_server.cli.border import run; from lsp_server.cli.main import bantam;"
        f"run(bantam, {arguments!r});"
        "slow = {'aiohttp', 'rich', 'numpy', 'llama_cpp', 'tree_sitter'} & set(sys.modules);"
        "sys.exit(f'imported {sorted(slow)}' if slow else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_exit_statuses_are_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    table = page.partition("## Exit status")[2].partition("\n\nAn error")[0]
    documented = {int(row.split("|")[1]) for row in table.splitlines() if row[2:3].isdigit()}
    returned = {0, *(value for name, value in vars(border).items() if name.startswith("EXIT_"))}
    assert documented == returned
    helped = {
        int(row.split()[0]) for row in (bantam.epilog or "").splitlines() if row[2:3].isdigit()
    }
    assert helped == returned
