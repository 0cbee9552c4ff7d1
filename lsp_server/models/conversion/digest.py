"""The SHA-256 digest of a model file, remembered while the file stays as it is."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from lsp_server.directories import make_private
from lsp_server.errors import ModelFileError
from lsp_server.models.conversion.convert import Report

_PIECE_BYTES = 4 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


def file_digest(path: Path, memory: Path, report: Report) -> str:
    """Return the digest of a file's content, in hexadecimal.

    Args:
        path: The file.
        memory: Folder where digests are remembered by path, size and time of change.
        report: Takes the fraction that is read; nothing where the digest is remembered.

    Raises:
        ModelFileError: The file cannot be read.
    """
    try:
        note = memory / _identity(path)
        known = note.read_text(encoding="ascii") if note.is_file() else ""
        if _DIGEST.fullmatch(known):
            return known
        digest = _computed(path, report)
        # It may have been written to meanwhile; then its note would lie.
        if note.name == _identity(path):
            make_private(memory)
            note.write_text(digest, encoding="ascii")
    except OSError as error:
        raise ModelFileError(
            f"{path}: the file cannot be read: {error.strerror}; check its permissions"
        ) from error
    return digest


def _identity(path: Path) -> str:
    state = path.stat()
    facts = (str(path), state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()


def _computed(path: Path, report: Report) -> str:
    digest = hashlib.sha256()
    num_bytes = max(path.stat().st_size, 1)
    num_read = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            num_read += len(piece)
            report(min(num_read / num_bytes, 1.0))
    return digest.hexdigest()
