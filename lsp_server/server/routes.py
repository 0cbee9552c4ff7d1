"""From a method to its code: the one place to look.

Notifications are short and run on the loop, in the order in which they come.  Requests are
coroutines: whatever waits for the model waits there.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from lsp_server.actions.values import KINDS
from lsp_server.server.protocol.errors import guard_call, guard_notification, guard_request
from lsp_server.server.requests import (
    action_commands,
    code_action,
    completion,
    configuration,
    cursor_rest,
    documents,
    execute_command,
    initialize,
    inline_completion,
    shutdown,
    workspace,
)
from lsp_server.server.session import Session

#: pygls calls these before it makes up its own answer; their errors are the answer.
LIFE_CYCLE: Mapping[str, Callable[[Session, Any], None]] = {
    types.INITIALIZE: initialize.initialize,
    types.SHUTDOWN: shutdown.shutdown,
}
NOTIFICATIONS: Mapping[str, Callable[[Session, Any], None]] = {
    types.INITIALIZED: initialize.initialized,
    types.TEXT_DOCUMENT_DID_OPEN: documents.did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: documents.did_change,
    types.TEXT_DOCUMENT_DID_SAVE: documents.did_save,
    types.TEXT_DOCUMENT_DID_CLOSE: documents.did_close,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: configuration.did_change_configuration,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: workspace.did_change_workspace_folders,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: workspace.did_change_watched_files,
    types.WORKSPACE_DID_CREATE_FILES: workspace.did_create_files,
    types.WORKSPACE_DID_RENAME_FILES: workspace.did_rename_files,
    types.WORKSPACE_DID_DELETE_FILES: workspace.did_delete_files,
}
REQUESTS: Mapping[str, Callable[[Session, Any], Awaitable[Any]]] = {
    types.TEXT_DOCUMENT_INLINE_COMPLETION: inline_completion.inline_completion,
    types.TEXT_DOCUMENT_COMPLETION: completion.completion,
    types.TEXT_DOCUMENT_CODE_ACTION: code_action.code_action,
    types.CODE_ACTION_RESOLVE: code_action.resolve,
}
COMMANDS: Mapping[str, Callable[..., Awaitable[Any]]] = {
    inline_completion.ACCEPTED_COMMAND: execute_command.accepted,
    "bantam.dismissed": execute_command.dismissed,
    "bantam.status": execute_command.status,
    cursor_rest.COMMAND: cursor_rest.cursor_rested,
    code_action.ACT_COMMAND: action_commands.act,
    code_action.EXPLAIN_COMMAND: action_commands.explain,
    "bantam.edit": action_commands.edit,
}
#: What the answer to `initialize` says of a method besides that it is there.
OPTIONS: Mapping[str, Any] = {
    types.TEXT_DOCUMENT_INLINE_COMPLETION: types.InlineCompletionOptions(),
    types.TEXT_DOCUMENT_COMPLETION: types.CompletionOptions(
        trigger_characters=list(completion.TRIGGER_CHARACTERS)
    ),
    types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(
        code_action_kinds=list(KINDS), resolve_provider=True
    ),
    types.WORKSPACE_DID_CREATE_FILES: workspace.ALL_FILES,
    types.WORKSPACE_DID_RENAME_FILES: workspace.ALL_FILES,
    types.WORKSPACE_DID_DELETE_FILES: workspace.ALL_FILES,
}


def register(server: LanguageServer, session: Session) -> None:
    """Route all methods and commands of `server` to their handlers."""
    for method, called in LIFE_CYCLE.items():
        server.feature(method)(guard_call(method, functools.partial(called, session)))
    for method, notified in NOTIFICATIONS.items():
        handler = guard_notification(method, functools.partial(notified, session))
        server.feature(method, OPTIONS.get(method))(handler)
    for method, requested in REQUESTS.items():
        answer = guard_request(method, functools.partial(requested, session))
        server.feature(method, OPTIONS.get(method))(answer)
    for name, commanded in COMMANDS.items():
        server.command(name)(guard_request(name, functools.partial(commanded, session)))
