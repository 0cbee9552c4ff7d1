"""Where every exception of a command ends: one line on standard error and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TextIO

import click

from lsp_server.errors import BantamError, ConfigError, UsageError

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
#: What a shell reports for a program that wrote to a closed pipe (128 + SIGPIPE).
EXIT_BROKEN_PIPE = 141


def run(command: click.Command, arguments: list[str]) -> int:
    """Run a command and return its exit status; nothing is raised."""
    is_debug = "--debug" in arguments[:1]
    _use_utf8(sys.stdout)
    _use_utf8(sys.stderr)
    try:
        status = _status_of(command, arguments, is_debug=is_debug)
        sys.stdout.flush()
    except BrokenPipeError:
        # Standard output must not be flushed again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return status


def warn(message: str) -> None:
    """Tell the user of something that does not stop the command."""
    click.echo(f"bantam: warning: {message}", err=True)


def note(message: str) -> None:
    """Tell the user something on standard error, apart from the result."""
    click.echo(f"bantam: {message}", err=True)


def _status_of(command: click.Command, arguments: list[str], *, is_debug: bool) -> int:
    try:
        # Not `command.main`, which turns a closed pipe into status 1.
        with command.make_context("bantam", list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except BrokenPipeError:
        raise
    except (click.Abort, KeyboardInterrupt):
        click.echo("", err=True)
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    except click.ClickException as error:
        return _fail(error, _usage_message(error), EXIT_USAGE, is_debug=is_debug)
    except (UsageError, ConfigError) as error:
        return _fail(error, str(error), EXIT_USAGE, is_debug=is_debug)
    except BantamError as error:
        return _fail(error, str(error), EXIT_FAILURE, is_debug=is_debug)
    except Exception as error:  # noqa: BLE001 - the border; a bug is reported as one
        message = (
            f"unexpected {type(error).__name__}: {error}; `bantam --debug …` shows where, "
            "please report it"
        )
        return _fail(error, message, EXIT_FAILURE, is_debug=is_debug)
    return 0


def _fail(error: BaseException, message: str, status: int, *, is_debug: bool) -> int:
    if is_debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    line = " ".join(message.split("\n"))
    click.echo(f"bantam: error: {line}", err=True)
    return status


def _usage_message(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "bantam"
    return f"{error.format_message().rstrip('.')} (see `{path} --help`)"


def _use_utf8(stream: TextIO) -> None:
    # A pipe on Windows, or the C locale, would refuse what source code holds.
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure and not stream.isatty():
        reconfigure(encoding="utf-8", newline="\n")
    elif reconfigure:
        reconfigure(errors="backslashreplace")
