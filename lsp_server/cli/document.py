"""The document of a command: read from a file or standard input, checked, with its cursor."""

from __future__ import annotations

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
    path = path.absolute() if path else None
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
        raise UsageError(f"{name} is no text: it holds a zero byte at {data.index(0)}")
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
        UsageError: It is missing, a folder, too large, or may not be read.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder; name a file in it")
        with path.open("rb") as file:
            return _checked_size(file.read(MAX_FILE_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _read_standard_input() -> bytes:
    return _checked_size(sys.stdin.buffer.read(MAX_FILE_BYTES + 1), "standard input")


def _checked_size(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1024**2
        raise UsageError(f"{name} is larger than {limit} MiB, the most that Bantam completes in")
    return data
