"""The open documents, as the client has them.

This takes the place of the workspace of pygls, which corrupts documents (see
`indexed_text.py`) and splits the whole text again at every change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lsprotocol import types

from lsp_server.server.protocol.indexed_text import IndexedText
from lsp_server.server.protocol.positions import PositionCodec


@dataclass(frozen=True, slots=True)
class Document:
    """A document at one moment.

    Attributes:
        uri: The client's name for it.
        language: The LSP language identifier.
        version: Rises with every change.
        content: Its text with line index.
    """

    uri: str
    language: str
    version: int
    content: IndexedText

    @property
    def text(self) -> str:
        """The whole text."""
        return self.content.text


class DocumentStore:
    """What the client has opened and not closed yet."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    def get(self, uri: str) -> Document | None:
        """Return the document as it is now, or `None` if it is not open."""
        return self._documents.get(uri)

    def all(self) -> tuple[Document, ...]:
        """Return all open documents as they are now."""
        return tuple(self._documents.values())

    def is_current(self, document: Document) -> bool:
        """Return whether the document has not been changed or closed since."""
        return self._documents.get(document.uri) is document

    def open(self, item: types.TextDocumentItem) -> None:
        """Take a document from the client; one that is open already is replaced."""
        content = IndexedText.of(item.text)
        self._documents[item.uri] = Document(item.uri, item.language_id, item.version, content)

    def change(
        self,
        identifier: types.VersionedTextDocumentIdentifier,
        changes: Iterable[types.TextDocumentContentChangeEvent],
        codec: PositionCodec,
    ) -> bool:
        """Apply changes in order, each to the result of the one before it.

        Returns:
            Whether the document is open.
        """
        document = self._documents.get(identifier.uri)
        if document is None:
            return False
        content = document.content
        for change in changes:
            content = _changed(content, change, codec)
        self._documents[identifier.uri] = replace(
            document, version=identifier.version, content=content
        )
        return True

    def close(self, uri: str) -> None:
        """Forget a document."""
        self._documents.pop(uri, None)


def _changed(
    content: IndexedText, change: types.TextDocumentContentChangeEvent, codec: PositionCodec
) -> IndexedText:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return IndexedText.of(change.text)
    return content.replaced(*codec.edit_of(content, change.range, change.text))
