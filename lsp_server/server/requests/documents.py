"""`textDocument/didOpen`, `didChange`, `didSave` and `didClose`: short, on the loop, in order."""

from __future__ import annotations

import logging
from pathlib import Path

from lsprotocol import types

from lsp_server.server.paths import file_path
from lsp_server.server.session import Session

LOGGER = logging.getLogger(__name__)


def did_open(session: Session, params: types.DidOpenTextDocumentParams) -> None:
    """Keep the document."""
    session.documents.open(params.text_document)


def did_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Change the document."""
    try:
        is_open = session.documents.change(
            params.text_document, params.content_changes, session.codec
        )
    except Exception:
        # Whatever went wrong, the editor has this change and we have not.
        session.lose_text(params.text_document.uri)
        raise
    if not is_open:
        LOGGER.warning("a document was changed that is not open")


def did_save(session: Session, params: types.DidSaveTextDocumentParams) -> None:
    """Have the files around it looked at anew."""
    path = file_path(params.text_document.uri)
    if path is not None:
        session.completer.saved(Path(path))


def did_close(session: Session, params: types.DidCloseTextDocumentParams) -> None:
    """Forget the document, and end what is running for it."""
    session.documents.close(params.text_document.uri)
    session.completer.forget(params.text_document.uri)
