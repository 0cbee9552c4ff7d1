"""llama-server's `/tokenize`: the only endpoint that shows token ids.

Clients of Bantam's own have no use for them, so the waist does not know them.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from lsp_server.engine.api import Engine
from lsp_server.engine.shared.adapters.bodies import TokenizeBody
from lsp_server.errors import BadRequestError


@runtime_checkable
class Tokenizes(Protocol):
    """An engine that shows the tokens of a text."""

    async def tokenize(self, model: str, text: str) -> tuple[tuple[int, bytes], ...]:
        """Return id and bytes of each token of document text."""
        ...


async def tokenize(engine: Engine, body: TokenizeBody, model: str) -> dict[str, Any]:
    """Return the answer.

    Raises:
        BantamError: The model cannot be used, or this engine shows no tokens.
    """
    if not isinstance(engine, Tokenizes):
        raise BadRequestError("this engine shows no tokens; /bantam/v1/count counts them")
    tokens = await engine.tokenize(model, body.content)
    if not body.with_pieces:
        return {"tokens": [token for token, _ in tokens]}
    return {"tokens": [{"id": token, "piece": _piece(data)} for token, data in tokens]}


def _piece(data: bytes) -> str | list[int]:
    """Return the text of a token, or its bytes where they are only part of a character."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return list(data)
