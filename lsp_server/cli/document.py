"""The document of a command: read from a file or standard input, checked, with its cursor."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

from lsp_server.cli.location import STANDARD_INPUT, LineIndex, Location
from lsp_server.errors import UsageError

#: Larger files are data or generated; editors switch language features off for them too.
MAX_FILE_BYTES = 4 * 1024 * 1024

#: What editors call a text of no known language.
_PLAIN_TEXT = "plaintext"


@dataclass(frozen=True, slots=True)
class Document:
    """A text with a cursor in it.

    Attributes:
        path: Where it stands, absolute; `None` for standard input without a path.
        name: What messages call it.
        language: LSP's language id.
        text: The text, line endings as they are.
        lines: Its lines.
        cursor: Offset of the cursor, in code points.
    """

    path: Path | None
    name: str
    language: str
    text: str
    lines: LineIndex
    cursor: int

    @property
    def uri(self) -> str:
        """Its URI; standard input without a path is an untitled document."""
        return self.path.as_uri() if self.path else "untitled:stdin"


def read_document(
    location: Location, *, language: str | None = None, path: Path | None = None
) -> Document:
    """Read the document that a location names.

    Args:
        location: A file, or standard input.
        language: LSP's language id; otherwise the path's ending says.
        path: Where a document from standard input stands.

    Raises:
        UsageError: The file is missing, too large, no text, or has no such position.
    """
    if location.file == STANDARD_INPUT:
        name = "standard input"
        data = _read_standard_input()
    else:
        path = path or Path(location.file)
        name = location.file
        data = read_file(Path(location.file))
    path = absolute(path) if path else None
    text = decode(data, name)
    lines = LineIndex(text)
    cursor = len(text)
    if location.position is not None:
        cursor = lines.offset_of(location.position, name)
    return Document(path, name, language or language_of(path), text, lines, cursor)


def decode(data: bytes, name: str) -> str:
    """Return the text of a file's bytes, without a byte order mark.

    Raises:
        UsageError: It is not UTF-8, or holds a zero byte.
    """
    if b"\0" in data:
        raise UsageError(
            f"{name} is no text: it holds a zero byte at {data.index(0)}; name a source file"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}; "
            "save it as UTF-8"
        ) from error


def language_of(path: PurePath | None) -> str:
    """Return LSP's language id for a path: ours where we know it, else its ending."""
    from lsp_server.context.languages.registry import language_of_path

    if path is None:
        return _PLAIN_TEXT
    if known := language_of_path(path):
        return known.language_ids[0]
    return path.suffix.lstrip(".").lower() or _PLAIN_TEXT


def read_file(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        UsageError: It is missing, no file, too large, or may not be read.
    """
    try:
        # Asked before opening: opening a named pipe would wait for a writer.
        _require_file(path, path.stat().st_mode)
        with path.open("rb") as file:
            return _checked_size(file.read(MAX_FILE_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; name a file that is there") from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; check its name and permissions"
        ) from error


def absolute(path: Path) -> Path:
    """Return a path from the root on.

    Raises:
        UsageError: It begins in the current folder, and that was removed.
    """
    try:
        return path.absolute()
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} cannot be found, because the current folder was removed; change to another"
        ) from error


def shown_path(path: Path | None) -> str | None:
    """Return what the model is told of an absolute path: relative to here, never one outside."""
    if path is None:
        return None
    try:
        here = Path.cwd()
    except FileNotFoundError:  # The folder was removed.
        here = path.parent
    shown = path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name
    # Names may hold any bytes; prompts are text.
    return os.fsencode(shown).decode("utf-8", "replace")


def _require_file(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path} is a folder; name a file in it")
    if not stat.S_ISREG(mode):
        kind = "a named pipe" if stat.S_ISFIFO(mode) else "a device or socket"
        raise UsageError(f"{path} is {kind} and no file; name a file")


def _read_standard_input() -> bytes:
    if sys.stdin is None:
        raise UsageError("standard input is closed; pipe the document into it, or name a file")
    try:
        return _checked_size(sys.stdin.buffer.read(MAX_FILE_BYTES + 1), "standard input")
    except OSError as error:
        raise UsageError(
            f"standard input cannot be read: {error.strerror}; pipe the document into it, or name "
            "a file"
        ) from error


def _checked_size(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1024**2
        raise UsageError(
            f"{name} is larger than {limit} MiB, the most that Bantam completes in; name a smaller "
            "file, or pipe a part of it into `bantam complete -`"
        )
    return data
