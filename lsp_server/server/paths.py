"""Which file a URI names, and what the model is told a document is called."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import unquote_to_bytes, urlsplit

from pygls.uris import to_fs_path

from lsp_server.directories import directories

#: What people write before a path, then folders, then the name that is kept.
_ABSOLUTE_PATH = re.compile(r"(?<![^\s\"'`(=:])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\:;,\"'`()]+)+[/\\]?")


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


def without_paths(message: str) -> str:
    """Return a message with the names of files and without the folders that they lie in.

    Errors that answer requests end in logs and reports of editors; what the person is shown
    names the whole path.
    """
    folders = directories()
    for folder in (folders.logs, folders.models, folders.config, folders.runtime):
        # These may hold blanks, so that nothing else tells where they begin and end.
        message = message.replace(f"{folder}{os.sep}", "")
    return _ABSOLUTE_PATH.sub(lambda found: PurePath(found.group()).name, message)
