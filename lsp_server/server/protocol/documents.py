"""The open documents, as the client has them.

This takes the place of the workspace of pygls, which corrupts documents (see
`indexed_text.py`) and splits the whole text again at every change.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """What the client has opened and not closed yet.

    A document of which a change was lost is *out of step*: it is not given out, because it is
    not what the person sees, until it is opened again or replaced as a whole.
    """

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        #: As they were; `None` for one that could not even be opened.
        self._out_of_step: dict[str, Document | None] = {}

    def get(self, uri: str) -> Document | None:
        """Return the document as it is now, or `None` if it is not open, or out of step."""
        return self._documents.get(uri)

    def all(self) -> tuple[Document, ...]:
        """Return all open documents as they are now, but for those out of step."""
        return tuple(self._documents.values())

    def is_current(self, document: Document) -> bool:
        """Return whether the document has not been changed or closed since."""
        return self._documents.get(document.uri) is document

    def is_out_of_step(self, uri: str) -> bool:
        """Return whether a document is open and we do not know its text."""
        return uri in self._out_of_step

    def open(self, item: types.TextDocumentItem) -> None:
        """Take a document from the client; one that is open already is replaced."""
        self.close(item.uri)
        content = IndexedText.of(item.text)
        self._documents[item.uri] = Document(item.uri, item.language_id, item.version, content)

    def change(
        self,
        identifier: types.VersionedTextDocumentIdentifier,
        changes: Sequence[types.TextDocumentContentChangeEvent],
        codec: PositionCodec,
    ) -> bool:
        """Apply changes in order, each to the result of the one before it.

        Those of a document that is out of step are dropped, up to one that replaces all.

        Returns:
            Whether the document is open.
        """
        uri = identifier.uri
        document = self._documents.get(uri) or self._out_of_step.get(uri)
        if document is None:
            return False
        if self.is_out_of_step(uri):
            changes = _from_whole_text_on(changes)
            if not changes:
                return True
        content = document.content
        for change in changes:
            content = _changed(content, change, codec)
        self._out_of_step.pop(uri, None)
        self._documents[uri] = replace(document, version=identifier.version, content=content)
        return True

    def lose(self, uri: str) -> bool:
        """Take note that a document, or a change of it, was lost.

        Returns:
            Whether that is news.
        """
        if uri in self._out_of_step:
            return False
        self._out_of_step[uri] = self._documents.pop(uri, None)
        return True

    def close(self, uri: str) -> None:
        """Forget a document."""
        self._documents.pop(uri, None)
        self._out_of_step.pop(uri, None)


def _from_whole_text_on(
    changes: Sequence[types.TextDocumentContentChangeEvent],
) -> Sequence[types.TextDocumentContentChangeEvent]:
    """Return the changes that need no text before them: the last whole one and what follows."""
    whole = types.TextDocumentContentChangeWholeDocument
    starts = [number for number, one in enumerate(changes) if isinstance(one, whole)]
    return changes[starts[-1] :] if starts else ()


def _changed(
    content: IndexedText, change: types.TextDocumentContentChangeEvent, codec: PositionCodec
) -> IndexedText:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return IndexedText.of(change.text)
    return content.replaced(*codec.edit_of(content, change.range, change.text))
