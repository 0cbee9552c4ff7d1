"""Which file a URI names, and what the model is told a document is called."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import unquote_to_bytes, urlsplit

from pygls.uris import to_fs_path


def shown_path(uri: str, folders: Iterable[str]) -> str | None:
    """Return a document's path below its workspace folder, or its name if it is in none.

    Absolute paths say where a user keeps files, and nothing about the code.

    Args:
        uri: The document's.
        folders: URIs of the workspace's folders; the innermost one counts.

    Returns:
        `None` for documents without a file.
    """
    path = file_path(uri)
    if path is None:
        return None
    parents = [
        folder for folder in map(file_path, folders) if folder and path.is_relative_to(folder)
    ]
    innermost = max(parents, key=lambda folder: len(folder.parts), default=path.parent)
    # Bytes that are no UTF-8 are in file names, but in no prompt.
    return path.relative_to(innermost).as_posix().encode("utf-8", "replace").decode()


def file_path(uri: str) -> PurePath | None:
    """Return the file that a URI names, or `None` for what is no file.

    Percent-encoded bytes need not be UTF-8: file names are bytes.
    """
    try:
        parts = urlsplit(uri)
        text = to_fs_path(uri) if os.name == "nt" else _posix_path(parts.netloc, parts.path)
    except ValueError:
        return None
    if parts.scheme != "file" or not text or "\0" in text:
        return None
    path = PurePath(text)
    return path if path.is_absolute() else None


def _posix_path(host: str, path: str) -> str:
    is_here = host in ("", "localhost")
    return os.fsdecode(unquote_to_bytes(path if is_here else f"//{host}{path}"))
