"""`bantam.cursorRested`: the person went to another place and may write there.

LSP has no message for this.  An editor that looks for code actions whenever its cursor has moved
says as much, so these requests count, too.
"""

from __future__ import annotations

from typing import Any

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.server.questions import place_of_rest
from lsp_server.server.requests.places import Place
from lsp_server.server.session import Session

COMMAND = "bantam.cursorRested"


class _Rest(msgspec.Struct, frozen=True):
    """The argument of the command: a document and its cursor."""

    uri: str
    position: Place


async def cursor_rested(session: Session, *arguments: Any) -> None:
    """`bantam.cursorRested {uri, position}`: the cursor came to a place by itself."""
    try:
        (rest,) = msgspec.convert(arguments, tuple[_Rest])
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(f"{COMMAND} takes {{uri, position}}: {error}") from None
    note_rest(session, rest.uri, rest.position.position)


def note_rest(session: Session, uri: str, position: types.Position) -> None:
    """Have the place prepared if the cursor stays and the document is as it is now."""
    document = session.documents.get(uri)
    if document is not None:
        place = place_of_rest(session, document, position)
        session.completer.rest(place, lambda: session.documents.is_current(document))
