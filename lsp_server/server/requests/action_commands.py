"""The commands that do code actions: `bantam.act`, `bantam.edit` and `bantam.explain`."""

from __future__ import annotations

from typing import Any

import msgspec
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.actions.values import EditResult, TextResult
from lsp_server.server.action_data import (
    ActionData,
    chosen_document,
    fingerprint,
    read_data,
)
from lsp_server.server.explanations import show_explanation
from lsp_server.server.protocol.errors import request_failed
from lsp_server.server.requests.code_action import perform, workspace_edit
from lsp_server.server.requests.places import Range
from lsp_server.server.session import Session


class _Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """The argument of `bantam.edit`.

    Attributes:
        uri: The document.
        range: What is selected, or a cursor.
        instruction: What a person asks for in words.
        version: The document's; the present one by default.
    """

    uri: str
    range: Range
    instruction: str
    version: int | None = None


async def act(session: Session, *arguments: Any) -> dict[str, Any]:
    """`bantam.act DATA`: do what was chosen, for clients that cannot resolve it."""
    return await _edit(session, read_data(_only(arguments)))


async def edit(session: Session, *arguments: Any) -> dict[str, Any]:
    """`bantam.edit {uri, range, instruction, version?}`: change a part as asked in words."""
    try:
        wanted = msgspec.convert(_only(arguments), _Instruction)
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(
            f"bantam.edit takes {{uri, range, instruction, version?}}: {error}"
        ) from None
    document = session.documents.get(wanted.uri)
    if document is None:
        is_out_of_step = session.documents.is_out_of_step(wanted.uri)
        what = "out of step with the editor; open it again" if is_out_of_step else "not open"
        raise JsonRpcInvalidParams(f"the document {wanted.uri} is {what}")
    start, end = (
        session.codec.offset_of(document.content, place.position)
        for place in (wanted.range.start, wanted.range.end)
    )
    data = ActionData(
        name="edit_instructed",
        title="Edit as instructed",
        uri=wanted.uri,
        version=document.version if wanted.version is None else wanted.version,
        fingerprint=fingerprint(document),
        start=min(start, end),
        end=max(start, end),
        instruction=wanted.instruction,
    )
    return await _edit(session, data)


async def explain(session: Session, *arguments: Any) -> dict[str, Any]:
    """`bantam.explain DATA`: show an explanation, and return it as Markdown."""
    data = read_data(_only(arguments))
    result = await perform(session, data, chosen_document(session, data))
    assert isinstance(result, TextResult), "explaining edits nothing"
    await show_explanation(session.client, data.title, result.markdown)
    return {"markdown": result.markdown}


async def _edit(session: Session, data: ActionData) -> dict[str, Any]:
    """Do an action and have the client apply its edit; the answer says whether it did."""
    if not session.client.has_apply_edit:
        raise request_failed(
            f"Bantam: {data.title}: this editor can neither resolve code actions nor apply edits"
        )
    document = chosen_document(session, data)
    result = await perform(session, data, document)
    assert isinstance(result, EditResult), "explaining has a command of its own"
    is_applied = await session.client.apply_edit(
        workspace_edit(session, document, result), data.title
    )
    return {"applied": is_applied}


def _only(arguments: tuple[Any, ...]) -> Any:
    if len(arguments) != 1:
        raise JsonRpcInvalidParams(f"the command takes one argument, not {len(arguments)}")
    return arguments[0]
