"""A Bantam server inside the test, spoken to in JSON: no process, no pipe, no real engine."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from lsp_server.engine.api import Engine
from lsp_server.server.wiring import BantamServer
from tests.support.completion import until
from tests.support.documents import unmark

URI = "file:///project/a.py"


class JsonClient:
    """Sends messages to a server and keeps what it sends.

    Attributes:
        server: The server.
        configuration: The answer to `workspace/configuration`.
        answers: The answers to other requests of the server, by method.
        notifications: What the server notified, in order.
        requests: What the server asked, in order.
        responses: Every response, in order.
    """

    def __init__(self, engine: Engine, overrides: dict[str, object] | None = None) -> None:
        self.server = BantamServer(lambda settings: engine, overrides or {})
        self.server.protocol.set_writer(self, include_headers=False)
        self.configuration: Any = None
        self.answers: dict[str, Any] = {}
        self.notifications: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.responses: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._arrival = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Take a message of the server, and answer it if it asks."""
        message = json.loads(data)
        if "method" not in message:
            self.responses.append(message)
            self._arrival.set()
        elif "id" not in message:
            self.notifications.append(message)
        else:
            self.requests.append(message)
            is_configuration = message["method"] == "workspace/configuration"
            result = [self.configuration] if is_configuration else None
            result = self.answers.get(message["method"], result)
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
            asyncio.get_running_loop().call_soon(self.receive, answer)

    def close(self) -> None:
        """Nothing is open."""

    def receive(self, message: dict[str, Any]) -> None:
        """Let the server take a message, as its reader would."""
        self.server.protocol.take(json.dumps(message).encode())

    def notify(self, method: str, params: Any = None) -> None:
        self.receive({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, method: str, params: Any = None) -> int:
        """Send a request and return its id."""
        msg_id = next(self._ids)
        self.receive({"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params})
        return msg_id

    async def response(self, msg_id: int) -> dict[str, Any]:
        """Wait for the one response to a request."""
        async with asyncio.timeout(60):
            while not (found := [one for one in self.responses if one["id"] == msg_id]):
                self._arrival.clear()
                await self._arrival.wait()
        [response] = found
        return response

    async def ask(self, method: str, params: Any = None) -> Any:
        """Send a request and return its result."""
        response = await self.response(self.send(method, params))
        assert "error" not in response, response
        return response["result"]

    async def start(
        self, capabilities: dict[str, Any] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Initialise the session."""
        result = await self.ask(
            "initialize",
            {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **params},
        )
        self.notify("initialized", {})
        return result

    def open(self, marked: str, uri: str = URI, language: str = "python") -> dict[str, Any]:
        """Open a document and return the text-document position of its cursor mark."""
        document = unmark(marked)
        item = {"uri": uri, "languageId": language, "version": 1, "text": document.text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return position_params(document.text, document.cursor, uri)

    def type(self, text: str, params: dict[str, Any], version: int) -> dict[str, Any]:
        """Insert text without line breaks at a position, and return the position behind it."""
        at = params["position"]
        change = {"range": {"start": at, "end": at}, "text": text}
        identifier = {"uri": params["textDocument"]["uri"], "version": version}
        self.notify(
            "textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]}
        )
        behind = {"line": at["line"], "character": at["character"] + len(text)}
        return {"textDocument": params["textDocument"], "position": behind}

    def shown_messages(self) -> list[str]:
        """Return the messages of `window/showMessage`."""
        return [
            one["params"]["message"]
            for one in self.notifications
            if one["method"] == "window/showMessage"
        ]

    async def until(self, condition: Callable[[], object]) -> None:
        await until(condition, num_turns=100_000)


def position_params(text: str, offset: int, uri: str = URI) -> dict[str, Any]:
    """Return the text-document position of an offset, in UTF-16 as by default."""
    lines = text[:offset].replace("\r\n", "\n").split("\n")
    character = len(lines[-1].encode("utf-16-le")) // 2
    return {
        "textDocument": {"uri": uri},
        "position": {"line": len(lines) - 1, "character": character},
    }


def ghost(params: dict[str, Any], *, automatic: bool = False) -> dict[str, Any]:
    """Return the parameters of `textDocument/inlineCompletion`."""
    return {**params, "context": {"triggerKind": 2 if automatic else 1}}


@asynccontextmanager
async def in_process(
    engine: Engine, overrides: dict[str, object] | None = None
) -> AsyncIterator[JsonClient]:
    """Give a client whose server is closed afterwards, with no task left."""
    before = asyncio.all_tasks()
    client = JsonClient(engine, overrides)
    yield client
    await client.server.session.aclose()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks are left over: {left}"
