"""pygls's protocol with the holes closed that a client could fall into.

Documents are kept by our own store; a request that cannot be read, comes before `initialize`
or after `shutdown` is answered with an error instead of silence or service.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import MsgId, RPCMessage, RPCNotification, RPCRequest
from pygls.protocol.language_server import lsp_method

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _UnreadableRequest:
    """A request whose parameters do not have the form that LSP gives them."""

    id: MsgId
    error: JsonRpcException


class MessageProtocol(LanguageServerProtocol):
    """Answers every request exactly once."""

    _is_initialized = False

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Turn a JSON object into a message, or into a request that we can only refuse."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                return _UnreadableRequest(data["id"], error)
            raise

    def handle_message(self, message: RPCMessage | _UnreadableRequest) -> None:
        """Hand a message to its handler, unless this is not the time for it."""
        if isinstance(message, _UnreadableRequest):
            self._refuse(message.id, message.error)
        elif isinstance(message, RPCRequest):
            if refusal := self._refusal(message.method):
                self._refuse(message.id, refusal)
            else:
                self._is_initialized = True
                super().handle_message(message)
        elif self._is_too_early(message):
            LOGGER.warning("a notification came before initialize and is ignored")
        else:
            super().handle_message(message)

    def _refusal(self, method: str) -> JsonRpcException | None:
        if self._shutdown:
            return JsonRpcInvalidRequest("the server is shutting down")
        if method == types.INITIALIZE and self._is_initialized:
            return JsonRpcInvalidRequest("initialize may be sent only once")
        if method != types.INITIALIZE and not self._is_initialized:
            return JsonRpcServerNotInitialized("the first request must be initialize")
        return None

    def _is_too_early(self, message: RPCMessage) -> bool:
        if self._is_initialized or not isinstance(message, RPCNotification):
            return False
        return message.method != types.EXIT

    def _refuse(self, msg_id: MsgId, error: JsonRpcException) -> None:
        self._send_response(msg_id, error=error.to_response_error())

    # The built-in handlers of pygls would keep a second copy of every document.

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(
        self, params: types.DidOpenTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification to our own handler alone."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification to our own handler alone."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(
        self, params: types.DidCloseTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification to our own handler alone."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None
