"""From the body of a message to its JSON, if it is a message of JSON-RPC 2.0 at all."""

from __future__ import annotations

import json
from typing import Any

from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest, JsonRpcParseError
from pygls.protocol.json_rpc import MsgId


class NoMessage(Exception):
    """What has arrived is no message; it can only be refused.

    Attributes:
        msg_id: Its id, if it has one that can be answered.
        error: The answer.
    """

    def __init__(self, error: JsonRpcException, msg_id: MsgId | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.msg_id = msg_id


def read_message(body: bytes) -> dict[str, Any]:
    """Return a request, a notification or a response.

    A request has `method` and a usable `id`, a notification only `method`, a response neither
    a `method` nor, perhaps, an `id` that means anything.

    Raises:
        NoMessage: It is none of these.
    """
    message = _parsed(body)
    if not isinstance(message, dict):
        raise NoMessage(JsonRpcInvalidRequest("a message must be a JSON object, one at a time"))
    msg_id = message.get("id")
    has_id = isinstance(msg_id, (int, str)) and not isinstance(msg_id, bool)
    known_id = msg_id if has_id else None
    if message.get("jsonrpc") != "2.0":
        raise NoMessage(JsonRpcInvalidRequest('a message must say "jsonrpc": "2.0"'), known_id)
    if "method" in message:
        if not isinstance(message["method"], str):
            raise NoMessage(JsonRpcInvalidRequest("a method must be a string"), known_id)
        if "id" in message and not has_id:
            raise NoMessage(JsonRpcInvalidRequest("an id must be an integer or a string"))
    return message


def _parsed(body: bytes) -> Any:
    try:
        # Half a surrogate pair is no text, but as "\ud83d" JSON can say it, too.
        return json.loads(body.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        # Of the error only its place: its message may quote the body.
        at = getattr(error, "pos", getattr(error, "start", None))
        place = "" if at is None else f" (at {at})"
        raise NoMessage(JsonRpcParseError(f"the message is not JSON in UTF-8{place}")) from None
