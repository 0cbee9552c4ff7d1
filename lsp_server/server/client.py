"""The editor on the other side: what it can do, and what it is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder, get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from lsp_server.server.folders import WorkspaceFolders

LOGGER = logging.getLogger(__name__)

#: The section of the editor's settings that is ours.
SETTINGS_SECTION = "bantam"


class EditorClient:
    """Wraps what pygls offers for talking to the client.  Use it on the loop's thread only.

    Attributes:
        folders: Of the workspace.
    """

    def __init__(self, server: LanguageServer) -> None:
        self.folders = WorkspaceFolders()
        self._server = server
        self._capabilities = types.ClientCapabilities()

    def meet(self, params: types.InitializeParams) -> None:
        """Take in what the client says of itself."""
        self._capabilities = params.capabilities
        self.folders.meet(params)

    @property
    def position_encoding(self) -> types.PositionEncodingKind | str:
        """The encoding that the answer to `initialize` announces."""
        return ServerCapabilitiesBuilder.choose_position_encoding(self._capabilities)

    @property
    def has_inline_completion(self) -> bool:
        """Whether it asks for ghost text."""
        return get_capability(self._capabilities, "text_document.inline_completion") is not None

    @property
    def has_configuration(self) -> bool:
        """Whether it can be asked for its settings."""
        return bool(get_capability(self._capabilities, "workspace.configuration"))

    def show_warning(self, message: str) -> None:
        """Show a message that the person should read."""
        self._server.window_show_message(
            types.ShowMessageParams(type=types.MessageType.Warning, message=message)
        )

    def show_error(self, message: str) -> None:
        """Show that something does not work."""
        self._server.window_show_message(
            types.ShowMessageParams(type=types.MessageType.Error, message=message)
        )

    async def settings(self) -> object:
        """Return our section of the client's settings as JSON; `None` if it has none."""
        item = types.ConfigurationItem(section=SETTINGS_SECTION)
        try:
            answer = await self._server.workspace_configuration_async(
                types.ConfigurationParams(items=[item])
            )
        except JsonRpcException as error:
            LOGGER.warning("the client does not tell its settings: error %s", error.code)
            return None
        return answer[0] if answer else None

    async def watch_settings(self) -> None:
        """Ask to be told when the settings change, where that has to be asked for."""
        if not get_capability(
            self._capabilities, "workspace.did_change_configuration.dynamic_registration"
        ):
            return
        await self._register(
            "bantam-settings",
            types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            types.DidChangeConfigurationRegistrationOptions(section=SETTINGS_SECTION),
        )

    async def watch_files(self, globs: Iterable[str]) -> None:
        """Ask to be told when files change on disk, where the client can do that."""
        if not self._has("workspace.did_change_watched_files.dynamic_registration"):
            return
        watchers = [types.FileSystemWatcher(glob_pattern=glob) for glob in globs]
        await self._register(
            "bantam-files",
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
        )

    @property
    def has_progress(self) -> bool:
        """Whether the server may open a progress bar."""
        return bool(get_capability(self._capabilities, "window.work_done_progress"))

    async def open_progress(self, token: str, title: str, message: str) -> None:
        """Open a progress bar at 0 percent."""
        await self._server.work_done_progress.create_async(token)
        self._server.work_done_progress.begin(
            token, types.WorkDoneProgressBegin(title=title, message=message, percentage=0)
        )

    def report_progress(self, token: str, percentage: int, message: str) -> None:
        """Move a progress bar and say what is going on."""
        self._server.work_done_progress.report(
            token, types.WorkDoneProgressReport(percentage=percentage, message=message)
        )

    def close_progress(self, token: str) -> None:
        """Take a progress bar away."""
        self._server.work_done_progress.end(token, types.WorkDoneProgressEnd())
        self._server.work_done_progress.tokens.pop(token, None)

    @property
    def has_action_literals(self) -> bool:
        """Whether a code action may be more than a command."""
        return self._has("text_document.code_action.code_action_literal_support")

    @property
    def has_action_resolve(self) -> bool:
        """Whether it asks for the edit of a code action when one is chosen."""
        resolve = get_capability(self._capabilities, "text_document.code_action.resolve_support")
        has_data = self._has("text_document.code_action.data_support")
        return has_data and resolve is not None and "edit" in resolve.properties

    @property
    def has_disabled_actions(self) -> bool:
        """Whether it shows code actions that cannot be done, and why."""
        return self.has_action_literals and self._has("text_document.code_action.disabled_support")

    @property
    def has_document_changes(self) -> bool:
        """Whether an edit may name the version of the document that it is for."""
        return self._has("workspace.workspace_edit.document_changes")

    @property
    def has_apply_edit(self) -> bool:
        """Whether the server may ask it to apply an edit."""
        return self._has("workspace.apply_edit")

    @property
    def has_show_document(self) -> bool:
        """Whether it opens files for the server."""
        return self._has("window.show_document.support")

    async def apply_edit(self, edit: types.WorkspaceEdit, label: str) -> bool:
        """Ask it to apply an edit; returns whether it did."""
        answer = await self._server.workspace_apply_edit_async(
            types.ApplyWorkspaceEditParams(edit=edit, label=f"Bantam: {label}")
        )
        return answer.applied

    async def show_document(self, uri: str) -> bool:
        """Ask it to open a file; returns whether it did."""
        answer = await self._server.window_show_document_async(
            types.ShowDocumentParams(uri=uri, take_focus=False)
        )
        return answer.success

    def show_info(self, message: str) -> None:
        """Show something that the person has asked for."""
        self._server.window_show_message(
            types.ShowMessageParams(type=types.MessageType.Info, message=message)
        )

    async def open_cancellable_progress(
        self, token: str, title: str, on_cancel: Callable[[], None]
    ) -> None:
        """Open a progress bar with a button that calls `on_cancel`."""
        progress = self._server.work_done_progress
        await progress.create_async(token)
        progress.tokens[token].add_done_callback(
            lambda future: on_cancel() if future.cancelled() else None
        )
        progress.begin(token, types.WorkDoneProgressBegin(title=title, cancellable=True))

    def report_message(self, token: str, message: str) -> None:
        """Say at a progress bar how far the work is."""
        self._server.work_done_progress.report(token, types.WorkDoneProgressReport(message=message))

    async def _register(self, name: str, method: str, options: object) -> None:
        registration = types.Registration(id=name, method=method, register_options=options)
        try:
            await self._server.client_register_capability_async(
                types.RegistrationParams(registrations=[registration])
            )
        except JsonRpcException as error:
            LOGGER.warning("the client does not register %s: error %s", method, error.code)

    def _has(self, capability: str) -> bool:
        return bool(get_capability(self._capabilities, capability))
