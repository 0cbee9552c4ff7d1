"""Whether `didOpen` and `didChange` can be read, and which document they are about if not.

A change that is dropped leaves server and editor with two texts, and nobody notices.  lsprotocol
drops some and misreads others: it makes a text of whatever stands where one should be, so that a
`null` becomes the word "None".  So the form of these two is looked at before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from lsprotocol import types

#: JSON knows numbers alone: `1.0` is an integer, too.
_Integer = Annotated[float, msgspec.Meta(multiple_of=1)]
_Unsigned = Annotated[float, msgspec.Meta(ge=0, multiple_of=1)]


class _Position(msgspec.Struct):
    line: _Unsigned
    character: _Unsigned


class _Range(msgspec.Struct):
    start: _Position
    end: _Position


class _Change(msgspec.Struct):
    text: str
    range: _Range | msgspec.UnsetType = msgspec.UNSET


class _Versioned(msgspec.Struct):
    uri: str
    version: _Integer


class _Item(msgspec.Struct, rename="camel"):
    uri: str
    language_id: str
    version: _Integer
    text: str


class _DidChange(msgspec.Struct, rename="camel"):
    text_document: _Versioned
    content_changes: list[_Change]


class _DidOpen(msgspec.Struct, rename="camel"):
    text_document: _Item


_FORMS: Mapping[str, type[msgspec.Struct]] = {
    types.TEXT_DOCUMENT_DID_OPEN: _DidOpen,
    types.TEXT_DOCUMENT_DID_CHANGE: _DidChange,
}


def changes_text(method: str) -> bool:
    """Return whether a notification tells the text of a document, or a change of it."""
    return method in _FORMS


def is_sound(method: str, params: Any) -> bool:
    """Return whether parameters have the form that LSP gives them, as far as we look."""
    form = _FORMS.get(method)
    if form is None:
        return True
    try:
        msgspec.convert(params, form)
    except msgspec.ValidationError:
        return False
    return True


def document_of(params: Any) -> str | None:
    """Return the URI in parameters of whatever form, or `None` if there is none."""
    identifier = params.get("textDocument") if isinstance(params, Mapping) else None
    uri = identifier.get("uri") if isinstance(identifier, Mapping) else None
    return uri if isinstance(uri, str) else None
