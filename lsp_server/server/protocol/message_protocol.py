"""pygls's protocol with the holes closed that a client could fall into.

Every request is answered exactly once, also one that cannot be read, comes before `initialize`
or after `shutdown`; `exit` ends nothing by itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcServerNotInitialized,
)
from pygls.protocol.json_rpc import MsgId
from pygls.protocol.language_server import lsp_method

from lsp_server.server.protocol.builtin_methods import BuiltinMethods
from lsp_server.server.protocol.document_messages import changes_text, document_of, is_sound
from lsp_server.server.protocol.errors import without_traceback
from lsp_server.server.protocol.incoming import NoMessage, read_message

LOGGER = logging.getLogger(__name__)


class MessageProtocol(BuiltinMethods):
    """Answers every request exactly once.

    Attributes:
        exit_status: Set when the client has said `exit`: 0 after `shutdown`, else 1.
        parent_pid: The process that is there for as long as the client is, if it has said so.
        on_lost_text: Called when the text of a document, or a change of it, could not be read,
            with its URI; with `None` when that may be so for any document.
    """

    exit_status: int | None = None
    parent_pid: int | None = None
    on_lost_text: Callable[[str | None], None] | None = None
    _is_initialized = False

    def take(self, body: bytes) -> None:
        """Take one message as it was read."""
        try:
            message = read_message(body)
        except NoMessage as fault:
            self.refuse(fault.msg_id, fault.error)
            if fault.msg_id is None:
                self._lose_text(None)
            return
        if "method" not in message:
            self._take_response(message)
        elif "id" in message:
            self._take_request(message)
        else:
            self._take_notification(message)

    def refuse(self, msg_id: MsgId | None, error: JsonRpcException) -> None:
        """Answer a request, or bytes that may have been one (`msg_id` is `None`), with an error."""
        described = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "error": described})

    @property
    def is_in_session(self) -> bool:
        """Whether the client is between `initialize` and `shutdown`."""
        return self._is_initialized and not self._shutdown

    def _lose_text(self, uri: str | None) -> None:
        if self.is_in_session and self.on_lost_text is not None:
            self.on_lost_text(uri)

    def _take_request(self, message: dict[str, Any]) -> None:
        method, msg_id = message["method"], message["id"]
        if refusal := self._refusal(method):
            self.refuse(msg_id, refusal)
            if changes_text(method):
                self._lose_text(document_of(message.get("params")))
            return
        try:
            request = self.structure_message(message)
        except JsonRpcException:
            reason = f"the parameters of {method} do not have the form that LSP gives them"
            self.refuse(msg_id, JsonRpcInvalidParams(reason))
            return
        self.handle_message(request)

    def _refusal(self, method: str) -> JsonRpcException | None:
        if self._shutdown:
            return JsonRpcInvalidRequest("the server is shutting down")
        if method == types.INITIALIZE and self._is_initialized:
            return JsonRpcInvalidRequest("initialize may be sent only once")
        if method != types.INITIALIZE and not self._is_initialized:
            return JsonRpcServerNotInitialized("the first request must be initialize")
        if not self._knows(method):
            unknown: JsonRpcException = JsonRpcMethodNotFound.of(method)
            return unknown
        if _is_notification(method):
            return JsonRpcInvalidRequest(f"{method} is a notification, which has no id")
        return None

    def _knows(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _take_notification(self, message: dict[str, Any]) -> None:
        method = message["method"]
        if method != types.EXIT and not self.is_in_session:
            LOGGER.warning("a notification came before initialize or after shutdown; ignored")
        elif method == types.CANCEL_REQUEST or self._knows(method):
            self._notify(method, message)

    def _notify(self, method: str, message: dict[str, Any]) -> None:
        try:
            if not is_sound(method, message.get("params")):
                raise JsonRpcInvalidParams(method)
            self.handle_message(self.structure_message(message))
        except JsonRpcException:
            LOGGER.warning("%s does not have the form that LSP gives it; ignored", method)
            if changes_text(method):
                self._lose_text(document_of(message.get("params")))

    def _take_response(self, message: dict[str, Any]) -> None:
        msg_id = message.get("id")
        future = self._request_futures.get(msg_id) if isinstance(msg_id, (int, str)) else None
        # Requests of the client are among these futures, too; only ours have a result type.
        if future is None or msg_id not in self._result_types or future.done():
            LOGGER.warning("a response came that nobody waits for")
            return
        try:
            self.handle_message(self.structure_message(message))
        except JsonRpcException as error:
            future.set_exception(error)
        finally:
            self._request_futures.pop(msg_id, None)
            self._result_types.pop(msg_id, None)

    def _execute_handler(
        self,
        msg_id: MsgId,
        handler: Any,
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Run a handler, and let go of its future: of a notification pygls would keep it."""

        def let_go(future: Any) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, let_go, args, kwargs)

    def _send_data(self, data: Any) -> None:
        """Send a message; one that cannot be written as JSON is an error of the caller's."""
        if self.writer is None:
            LOGGER.error("there is nobody to send a message to")
            return
        body = json.dumps(data, default=self._serialize_message).encode(self.CHARSET)
        header = f"Content-Length: {len(body)}\r\n\r\n".encode() if self._include_headers else b""
        self.writer.write(header + body)

    def _send_response(
        self, msg_id: MsgId, result: Any | None = None, error: types.ResponseError | None = None
    ) -> None:
        if error is not None:
            error = without_traceback(error)
        try:
            super()._send_response(msg_id, result, error)
        except Exception:
            LOGGER.exception("a result could not be sent")
            self.refuse(msg_id, JsonRpcInternalError("Bantam failed to write the answer"))

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Take note that the session has begun, once it has."""
        result = yield from super().lsp_initialize(params)
        self._is_initialized = True
        self.parent_pid = params.process_id if (params.process_id or 0) > 0 else None
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """Have our own handler close the session, and cancel what runs.

        pygls fails here when a command runs: cancelling it changes what it goes through.
        """
        yield self.fm.features[types.SHUTDOWN], args, None
        for msg_id, future in list(self._request_futures.items()):
            if msg_id != self.msg_id:
                future.cancel()
        self._shutdown = True

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> None:  # type: ignore[override]  # no generator is needed
        """Say that the client wants the process to end, and with which status."""
        del args
        self.exit_status = 0 if self._shutdown else 1


def _is_notification(method: str) -> bool:
    """Whether LSP knows a method as one that is not answered."""
    kinds = types.METHOD_TO_TYPES.get(method)
    return kinds is not None and kinds[1] is None
