"""The files around an open document."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lsp_server.completion.query import Project
from lsp_server.context.project import project_roots
from lsp_server.server.paths import file_path
from lsp_server.server.protocol.documents import Document

#: A longer text takes too long to parse for what another document is shown of it.
_MAX_OPEN_CHARS = 300_000


def project_of(
    document: Document, folders: Iterable[str], open_documents: Iterable[Document]
) -> Project | None:
    """Return the files that the model may be shown for a document.

    Args:
        document: The document.
        folders: URIs of the workspace's folders.
        open_documents: What else is open: its texts count before the files.

    Returns:
        `None` for documents without a file.
    """
    file = file_path(document.uri)
    if file is None:
        return None
    roots = tuple(Path(folder) for folder in map(file_path, folders) if folder is not None)
    if not any(file.is_relative_to(root) for root in roots):
        roots = project_roots(Path(file))
    return Project(Path(file), roots, dict(_open_texts(open_documents)))


def _open_texts(documents: Iterable[Document]) -> Iterator[tuple[Path, str]]:
    for document in documents:
        path = file_path(document.uri)
        if path is not None and len(document.text) <= _MAX_OPEN_CHARS:
            yield Path(os.path.realpath(path)), document.text
