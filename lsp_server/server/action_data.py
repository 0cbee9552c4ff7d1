"""What a code action carries until it is resolved, and how it becomes a query again."""

from __future__ import annotations

from typing import Any

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from lsp_server.actions.values import ActionQuery, Diagnostic, Offer
from lsp_server.server.paths import shown_path
from lsp_server.server.projects import project_of
from lsp_server.server.protocol.documents import Document
from lsp_server.server.session import Session


class ActionData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A choice that a person may make; as JSON it is the `data` of a code action.

    Attributes:
        name: The action.
        title: What the menu calls it.
        uri: The document.
        version: The document's, when this was offered.
        fingerprint: Of its text at that time: a document that is opened again, or a client that
            counts badly, gives one version to two texts.
        start: Offset at which the selection begins.
        end: Offset at which it ends.
        instruction: What was asked for in words.
        diagnostic: Start, end and message of what is to be fixed.
    """

    name: str
    title: str
    uri: str
    version: int
    fingerprint: int
    start: int
    end: int
    instruction: str = ""
    diagnostic: tuple[int, int, str] | None = None


def query_at(
    session: Session,
    document: Document,
    at: types.Range,
    diagnostics: list[types.Diagnostic],
) -> ActionQuery:
    """Return the query for a range of a document."""
    offset_of, content = session.codec.offset_of, document.content
    return ActionQuery(
        uri=document.uri,
        path=shown_path(document.uri, session.client.folders.uris),
        language=document.language,
        text=document.text,
        start=offset_of(content, at.start),
        end=offset_of(content, at.end),
        diagnostics=tuple(
            Diagnostic(
                offset_of(content, one.range.start),
                offset_of(content, one.range.end),
                one.message,
                key,
            )
            for key, one in enumerate(diagnostics)
        ),
    )


def data_of(offer: Offer, query: ActionQuery, document: Document) -> ActionData:
    """Return what a code action carries."""
    fixed = offer.diagnostic
    return ActionData(
        name=offer.name,
        title=offer.title,
        uri=document.uri,
        version=document.version,
        fingerprint=fingerprint(document),
        start=query.start,
        end=query.end,
        instruction=query.instruction,
        diagnostic=None if fixed is None else (fixed.start, fixed.end, fixed.message),
    )


def read_data(raw: Any) -> ActionData:
    """Return what a code action carried.

    Raises:
        JsonRpcException: It is not what we have sent.
    """
    try:
        return msgspec.convert(raw, ActionData)
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(f"this is no code action of Bantam's: {error}") from None


def fingerprint(document: Document) -> int:
    """Return a number that is the same for the same text as long as this process lives.

    It has 32 bits, because clients keep numbers as floating-point ones.
    """
    return hash(document.text) & 0xFFFFFFFF


def chosen_document(session: Session, data: ActionData) -> Document:
    """Return the document of a choice.

    Raises:
        JsonRpcException: It was changed or closed since.
    """
    document = session.documents.get(data.uri)
    if document is None or document.version != data.version:
        raise changed(data.title)
    if fingerprint(document) != data.fingerprint:
        raise changed(data.title)
    return document


def chosen_query(session: Session, data: ActionData, document: Document) -> ActionQuery:
    """Return the query of a choice."""
    diagnostics = () if data.diagnostic is None else (Diagnostic(*data.diagnostic),)
    return ActionQuery(
        uri=document.uri,
        path=shown_path(document.uri, session.client.folders.uris),
        language=document.language,
        text=document.text,
        start=data.start,
        end=data.end,
        diagnostics=diagnostics,
        instruction=data.instruction,
        project=project_of(document, session.client.folders.uris, session.documents.all()),
    )


def changed(title: str) -> JsonRpcContentModified:
    """Return the answer to a choice in a document that has changed."""
    return JsonRpcContentModified(
        f"Bantam: {title}: the document has changed meanwhile, so nothing was edited; ask again"
    )
