"""What the model is told a document is called."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from pygls.uris import to_fs_path, urlparse


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
    return path.relative_to(innermost).as_posix()


def file_path(uri: str) -> PurePath | None:
    """Return the file that a URI names, or `None` for what is no file."""
    if urlparse(uri)[0] != "file":
        return None
    path = to_fs_path(uri)
    return PurePath(path) if path else None
