"""What changes around the open documents: the workspace's folders, and files on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types

from lsp_server.server.paths import file_path
from lsp_server.server.session import Session

#: Which renamed and deleted files, and folders, the client tells of: all.
ALL_FILES = types.FileOperationRegistrationOptions(
    filters=[
        types.FileOperationFilter(pattern=types.FileOperationPattern(glob="**/*"), scheme="file")
    ]
)


def did_change_workspace_folders(
    session: Session, params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Look for files in the folders that are there now; what runs may end with the old ones."""
    session.client.folders.change(params.event)


def did_change_watched_files(session: Session, params: types.DidChangeWatchedFilesParams) -> None:
    """Have the files looked at anew."""
    _look_anew(session, (change.uri for change in params.changes))


def did_create_files(session: Session, params: types.CreateFilesParams) -> None:
    """Have the files looked at anew."""
    _look_anew(session, (file.uri for file in params.files))


def did_rename_files(session: Session, params: types.RenameFilesParams) -> None:
    """Have the files looked at anew; the client closes and opens what is open itself."""
    _look_anew(session, (file.new_uri for file in params.files))


def did_delete_files(session: Session, params: types.DeleteFilesParams) -> None:
    """Have the files looked at anew; a document that is open stays open without its file."""
    _look_anew(session, (file.uri for file in params.files))


def _look_anew(session: Session, uris: Iterable[str]) -> None:
    path = next(filter(None, map(file_path, uris)), None)
    if path is not None:
        # One file is as good as all: every set of context is gathered anew.
        session.completer.saved(Path(path))
