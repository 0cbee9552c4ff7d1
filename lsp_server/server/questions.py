"""From LSP positions to questions for the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from lsp_server.completion.query import CompletionQuery, Project
from lsp_server.engine.api import Priority
from lsp_server.server.paths import shown_path
from lsp_server.server.projects import project_of
from lsp_server.server.protocol.documents import Document
from lsp_server.server.session import Session


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the document that it is about.

    Attributes:
        document: As it was when the client asked.
        query: What the pipeline is asked.
        inserted: Text that `query` has in place of the range from `start` to `end` although
            the document has it not yet: the popup item that is selected in the editor.
        start: Where `inserted` begins, or the cursor.
        end: Where the range ends that `inserted` replaces, or the cursor.
    """

    document: Document
    query: CompletionQuery
    inserted: str
    start: int
    end: int


def ghost_text_question(session: Session, params: types.InlineCompletionParams) -> Question | None:
    """Return the question behind a request for ghost text; `None` for an unknown document."""
    document = session.documents.get(params.text_document.uri)
    if document is None:
        return None
    cursor = session.codec.offset_of(document.content, params.position)
    start, end, inserted, text = cursor, cursor, "", document.text
    if selected := params.context.selected_completion_info:
        start = session.codec.offset_of(document.content, selected.range.start)
        end = session.codec.offset_of(document.content, selected.range.end)
        inserted = selected.text
        text = text[:start] + inserted + text[end:]
    query = CompletionQuery(
        uri=document.uri,
        path=shown_path(document.uri, session.client.folders.uris),
        language=document.language,
        text=text,
        cursor=start + len(inserted),
        priority=Priority.GHOST_TEXT,
        project=_project(session, document),
        is_automatic=(params.context.trigger_kind == types.InlineCompletionTriggerKind.Automatic),
    )
    return Question(document, query, inserted, start, end)


def place_of_rest(
    session: Session, document: Document, position: types.Position
) -> CompletionQuery:
    """Return the place at which a cursor came to rest."""
    return _query_at(session, document, position, Priority.WARM)


def popup_question(session: Session, params: types.CompletionParams) -> Question | None:
    """Return the question behind a request for popup items; `None` for an unknown document."""
    document = session.documents.get(params.text_document.uri)
    if document is None:
        return None
    query = _query_at(session, document, params.position, Priority.POPUP)
    return Question(document, query, "", query.cursor, query.cursor)


def _query_at(
    session: Session, document: Document, position: types.Position, priority: Priority
) -> CompletionQuery:
    return CompletionQuery(
        uri=document.uri,
        path=shown_path(document.uri, session.client.folders.uris),
        language=document.language,
        text=document.text,
        cursor=session.codec.offset_of(document.content, position),
        priority=priority,
        project=_project(session, document),
    )


def _project(session: Session, document: Document) -> Project | None:
    return project_of(document, session.client.folders.uris, session.documents.all())
