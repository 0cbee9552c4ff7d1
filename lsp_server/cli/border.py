"""Where every exception of a command ends: one line on standard error and an exit status."""

from __future__ import annotations

import logging
import sys
import traceback

import click

from lsp_server.cli.standard_streams import OutputError, drop_output, prepare_streams, tell
from lsp_server.errors import BantamError, ConfigError, UsageError

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
#: What a shell reports for a program that wrote to a closed pipe (128 + SIGPIPE).
EXIT_BROKEN_PIPE = 141


def run(command: click.Command, arguments: list[str]) -> int:
    """Run a command and return its exit status; nothing is raised."""
    is_debug = "--debug" in arguments[:1]
    if not is_debug:
        # What is logged is for logs; without any handler, Python writes it to standard error.
        logging.getLogger().addHandler(logging.NullHandler())
    prepare_streams()
    try:
        status = _status_of(command, arguments, is_debug=is_debug)
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
        return EXIT_BROKEN_PIPE
    except OutputError as error:
        drop_output()
        return _fail(error, str(error), EXIT_FAILURE, is_debug=is_debug)
    return status


def warn(message: str) -> None:
    """Tell the user of something that does not stop the command."""
    tell(f"bantam: warning: {message}")


def note(message: str) -> None:
    """Tell the user something on standard error, apart from the result."""
    tell(f"bantam: {message}")


def _status_of(command: click.Command, arguments: list[str], *, is_debug: bool) -> int:
    try:
        # Not `command.main`, which turns a closed pipe into status 1.
        with command.make_context("bantam", list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (BrokenPipeError, OutputError):
        raise
    except (click.Abort, KeyboardInterrupt):
        tell("")
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        tell(error.format_message())
        return EXIT_USAGE
    except click.ClickException as error:
        return _fail(error, _usage_message(error), EXIT_USAGE, is_debug=is_debug)
    except (UsageError, ConfigError) as error:
        return _fail(error, str(error), EXIT_USAGE, is_debug=is_debug)
    except BantamError as error:
        return _fail(error, str(error), EXIT_FAILURE, is_debug=is_debug)
    except Exception as error:  # noqa: BLE001 - the border; a bug is reported as one
        from lsp_server.directories import try_own_refusal

        refusal = try_own_refusal(error) if isinstance(error, OSError) else None
        if refusal is not None:
            return _fail(error, str(refusal), EXIT_USAGE, is_debug=is_debug)
        message = (
            f"unexpected {type(error).__name__}: {error}; `bantam --debug …` shows where, "
            "please report it"
        )
        return _fail(error, message, EXIT_FAILURE, is_debug=is_debug)
    return 0


def _fail(error: BaseException, message: str, status: int, *, is_debug: bool) -> int:
    if is_debug:
        tell("".join(traceback.format_exception(error)).rstrip("\n"))
    line = " ".join(message.split("\n"))
    tell(f"bantam: error: {line}")
    return status


def _usage_message(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "bantam"
    return f"{error.format_message().rstrip('.')} (see `{path} --help`)"
