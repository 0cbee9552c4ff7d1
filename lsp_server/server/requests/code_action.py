"""`textDocument/codeAction` and `codeAction/resolve`.

What can be done is said at once and without the model; the model writes when a choice is made.
A client that cannot resolve a choice gets a command in it that edits through
`workspace/applyEdit`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from lsprotocol import types

from lsp_server.actions.values import ActionQuery, EditResult, Effect, Offer, Result
from lsp_server.errors import BantamError
from lsp_server.server.action_data import (
    ActionData,
    changed,
    chosen_document,
    chosen_query,
    data_of,
    query_at,
    read_data,
)
from lsp_server.server.action_progress import with_progress
from lsp_server.server.protocol.documents import Document
from lsp_server.server.protocol.errors import request_failed
from lsp_server.server.requests.cursor_rest import note_rest
from lsp_server.server.session import Session

ACT_COMMAND = "bantam.act"
EXPLAIN_COMMAND = "bantam.explain"
#: A longer document takes too long to look through while a menu waits.
_MAX_CHARS = 1_000_000


async def code_action(
    session: Session, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command]:
    """Return what can be done in a range; no model is loaded for that."""
    document = session.documents.get(params.text_document.uri)
    if document is None or len(document.text) > _MAX_CHARS:
        return []
    if _is_about_cursor(params):
        note_rest(session, document.uri, params.range.start)
    query = query_at(session, document, params.range, list(params.context.diagnostics))
    actor = await session.actions.actor()
    return [
        _as_client_likes(session, offer, query, document, params.context)
        for offer in await actor.offers(query)
        if _is_wanted(offer, params.context.only)
        and (not offer.disabled or session.client.has_disabled_actions)
    ]


async def resolve(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Have the model do what was chosen, and return it as an edit of this very version."""
    if action.edit is not None or action.data is None:
        return action
    data = read_data(action.data)
    document = chosen_document(session, data)
    result = await perform(session, data, document)
    assert isinstance(result, EditResult), "actions that give a text carry a command"
    action.edit = workspace_edit(session, document, result)
    return action


async def perform(session: Session, data: ActionData, document: Document) -> Result:
    """Do an action with a progress bar.

    Raises:
        JsonRpcException: It came to nothing, was cancelled, or the document has changed since.
    """
    number = session.faults.begin()
    actor = await session.actions.actor()
    query = chosen_query(session, data, document)
    try:
        result = await with_progress(
            session.client,
            session.tasks,
            data.title,
            lambda on_progress: actor.perform(data.name, query, on_progress),
        )
    except BantamError as error:
        raise request_failed(f"Bantam: {data.title}: {session.tell(number, error)}") from None
    session.faults.worked(number)
    if isinstance(result, EditResult) and not session.documents.is_current(document):
        raise changed(data.title)
    return result


def workspace_edit(session: Session, document: Document, edit: EditResult) -> types.WorkspaceEdit:
    """Return an edit that a client applies as one step, to the version that it was made for."""
    text_edit = types.TextEdit(
        session.codec.range_of(document.content, edit.start, edit.end), edit.text
    )
    if not session.client.has_document_changes:
        return types.WorkspaceEdit(changes={document.uri: [text_edit]})
    identifier = types.OptionalVersionedTextDocumentIdentifier(
        uri=document.uri, version=document.version
    )
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(text_document=identifier, edits=[text_edit])]
    )


def _as_client_likes(
    session: Session,
    offer: Offer,
    query: ActionQuery,
    document: Document,
    context: types.CodeActionContext,
) -> types.CodeAction | types.Command:
    data = data_of(offer, query, document)
    raw: Any = msgspec.to_builtins(data)
    title = f"Bantam: {offer.title}"
    is_text = offer.effect is Effect.TEXT
    command = types.Command(
        title=title, command=EXPLAIN_COMMAND if is_text else ACT_COMMAND, arguments=[raw]
    )
    if not session.client.has_action_literals:
        return command
    can_resolve = session.client.has_action_resolve and not is_text
    return types.CodeAction(
        title=title,
        kind=offer.kind,
        diagnostics=(
            None if offer.diagnostic is None else [context.diagnostics[offer.diagnostic.key]]
        ),
        disabled=types.CodeActionDisabled(offer.disabled) if offer.disabled else None,
        command=None if can_resolve or offer.disabled else command,
        data=raw if can_resolve and not offer.disabled else None,
    )


def _is_about_cursor(params: types.CodeActionParams) -> bool:
    """Whether the editor asks because its cursor moved, and not a person for a selection."""
    is_automatic = params.context.trigger_kind == types.CodeActionTriggerKind.Automatic
    return is_automatic and params.range.start == params.range.end


def _is_wanted(offer: Offer, only: Any) -> bool:
    """Whether a client that wants certain kinds, or kinds below them, wants this one."""
    if not only:
        return True
    wanted = [str(getattr(one, "value", one)) for one in only]
    return any(not one or offer.kind == one or offer.kind.startswith(f"{one}.") for one in wanted)
