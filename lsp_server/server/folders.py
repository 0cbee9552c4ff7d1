"""The workspace's folders, as the client names them.

pygls keeps them by their decoded names, in which `%`, `#` and `?` mean something else, and loses
a folder that is removed and added again in one message, which is how editors rename it.
"""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types


class WorkspaceFolders:
    """URIs of folders, in the order in which they came."""

    def __init__(self) -> None:
        self._uris: dict[str, None] = {}

    def meet(self, params: types.InitializeParams) -> None:
        """Take the folders with which a session begins: none, one, or several."""
        if params.workspace_folders:
            self._uris = dict.fromkeys(folder.uri for folder in params.workspace_folders)
        elif params.root_uri:
            self._uris = {params.root_uri: None}
        elif params.root_path and Path(params.root_path).is_absolute():
            self._uris = {Path(params.root_path).as_uri(): None}

    def change(self, event: types.WorkspaceFoldersChangeEvent) -> None:
        """Remove folders, then add others."""
        for folder in event.removed:
            self._uris.pop(folder.uri, None)
        self._uris.update(dict.fromkeys(folder.uri for folder in event.added))

    @property
    def uris(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._uris)
