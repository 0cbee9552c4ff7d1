"""Standard input, output and error of a command, whoever has closed, filled or set them up.

A closed descriptor would be handed to the next file or socket that is opened, so each gets
something harmless in its place.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from lsp_server.errors import BantamError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_ERROR_HANDLER = "bantam-bytes-as-they-are"


class OutputError(BantamError):
    """The result cannot be written to standard output."""


def prepare_streams() -> None:
    """Make standard output and error usable; `sys.stdin` stays `None` if it is closed.

    Where standard output is closed, writing to it raises `BrokenPipeError`, as it does when its
    reader has gone away; where it refuses text for another reason, `OutputError`.
    """
    codecs.register_error(_ERROR_HANDLER, _bytes_as_they_are)
    if sys.stdin is None:
        _put(os.open(os.devnull, os.O_RDONLY), _STDIN)
    if sys.stdout is None:
        _put(_pipe_without_reader(), _STDOUT)
        sys.stdout = _output_stream(is_terminal=False)
    elif _is_of_a_file(sys.stdout):
        sys.stdout.flush()
        sys.stdout = _output_stream(is_terminal=sys.stdout.isatty())
    if sys.stderr is None:
        _put(os.open(os.devnull, os.O_WRONLY), _STDERR)
        sys.stderr = os.fdopen(_STDERR, "w", encoding="utf-8", closefd=False)
    _set_up(sys.stderr)


def drop_output() -> None:
    """Forget what standard output did not take; Python would try again when it exits."""
    _put(os.open(os.devnull, os.O_WRONLY), _STDOUT)


def tell(text: str) -> None:
    """Write a line to standard error, if it takes it; there is nowhere else to complain."""
    import click

    try:
        click.echo(text, err=True)
    except OSError:
        with contextlib.suppress(OSError):
            _put(os.open(os.devnull, os.O_WRONLY), _STDERR)


class _Output(io.FileIO):
    """Standard output, with errors of our own."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, or say why not."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"standard output cannot be written: {error.strerror}; free some space there, or "
                "send the output somewhere else"
            ) from error


def _output_stream(*, is_terminal: bool) -> TextIO:
    # A pipe on Windows, or the C locale, would refuse what source code holds.
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(_STDOUT, "w", closefd=False)),
        encoding=sys.stdout.encoding if is_terminal else "utf-8",
        errors="backslashreplace" if is_terminal else _ERROR_HANDLER,
        newline=None if is_terminal else "\n",
        line_buffering=is_terminal,
    )


def _set_up(stream: TextIO) -> None:
    if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
        stream.reconfigure(encoding="utf-8", errors=_ERROR_HANDLER, newline="\n")


def _is_of_a_file(stream: TextIO) -> bool:
    """Return whether this is the interpreter's own stream and no stand-in."""
    buffer = getattr(stream, "buffer", None)
    # Without buffering (PYTHONUNBUFFERED), the buffer is the file itself.
    raw = getattr(buffer, "raw", buffer)
    return isinstance(raw, io.FileIO) and raw.fileno() == _STDOUT


def _bytes_as_they_are(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write names of files that are no UTF-8 with the bytes that they have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    try:
        return text.encode("utf-8", "surrogateescape"), error.end
    except UnicodeEncodeError:
        return text.encode("ascii", "backslashreplace"), error.end


def _pipe_without_reader() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def _put(descriptor: int, place: int) -> None:
    if descriptor != place:
        os.dup2(descriptor, place)
        os.close(descriptor)
