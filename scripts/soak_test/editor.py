"""The soak's own LSP client: JSON over the pipes of a server process, nothing hidden."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.soak_test.tally import Tally

_WARNING = 2

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "inlineCompletion": {},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["refactor"]}},
            "disabledSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {
        "configuration": True,
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
        "workspaceFolders": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
}


class EditorClient:
    """One editor window with its server process.

    Attributes:
        process: The server.
        tally: What was asked and answered.
        configuration: What the server is told when it asks for the settings.
    """

    def __init__(self, process: asyncio.subprocess.Process, tally: Tally) -> None:
        self.process = process
        self.tally = tally
        self.configuration: dict[str, Any] = {}
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, command: Sequence[str], environment: Mapping[str, str], tally: Tally
    ) -> EditorClient:
        """Start a server; what it has to say besides is in its own log."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return cls(process, tally)

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, kind: str, method: str, params: Any) -> tuple[int, asyncio.Future[Any]]:
        """Send a request; returns its id and what will be the whole answer."""
        msg_id = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[msg_id] = answer
        self.tally.ask(msg_id, kind, time.monotonic())
        self._send({"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params})
        return msg_id, answer

    def cancel(self, msg_id: int) -> None:
        """Cancel a request, whether or not it was answered."""
        self.notify("$/cancelRequest", {"id": msg_id})

    async def settled(self, timeout_s: float) -> None:
        """Wait until every request is answered, or the time is over."""
        waiting = list(self._waiting.values())
        if waiting:
            await asyncio.wait(waiting, timeout=timeout_s)

    async def end(self, timeout_s: float) -> int | None:
        """End the server by the book; returns its exit status, `None` if it had to be killed."""
        _, answer = self.ask("shutdown", "shutdown", None)
        await asyncio.wait({answer}, timeout=timeout_s)
        self.notify("exit", None)
        try:
            async with asyncio.timeout(timeout_s):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            return None
        finally:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None, "it is a pipe"
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def _read(self) -> None:
        assert self.process.stdout is not None, "it is a pipe"
        while header := await self.process.stdout.readline():
            num_bytes = 0
            while header.strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    num_bytes = int(value)
                header = await self.process.stdout.readline()
            self._take(json.loads(await self.process.stdout.readexactly(num_bytes)))

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self.tally.answer(message, time.monotonic())
            waiting = self._waiting.pop(message["id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        elif "id" in message:
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": self._reply_to(message)})
        elif _is_warning(message):
            self.tally.show(message["params"]["message"])

    def _reply_to(self, message: dict[str, Any]) -> Any:
        match message["method"]:
            case "workspace/configuration":
                return [self.configuration]
            case "workspace/applyEdit":
                return {"applied": False}
            case "window/showDocument":
                return {"success": True}
        return None


def _is_warning(message: dict[str, Any]) -> bool:
    is_shown = message["method"] == "window/showMessage"
    return is_shown and bool(message["params"]["type"] <= _WARNING)
