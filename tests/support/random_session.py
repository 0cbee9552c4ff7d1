"""A client that does anything at any time, by the dice of a seed, and an engine that dies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from typing import Any

from lsp_server.engine.api import CountReply, CountRequest, Event, GenerateRequest
from lsp_server.engine.local import LocalEngine, create_local_engine
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.status import EngineStatus
from lsp_server.settings.schema import EngineSettings
from tests.support.lsp_in_process import JsonClient

CAPABILITIES: dict[str, Any] = {
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["refactor"]}},
            "disabledSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        }
    },
    "window": {"workDoneProgress": True},
    "workspace": {
        "configuration": True,
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
    },
}
_URIS = ("untitled:1", "untitled:2", "file:///project/a.py", "file:///project/A.py")
_TEXT = "def add(a, b):\n    pass\n\n\ntotal = \nvalue = add(1, \n"
_SNIPPETS = ("x", "return ", "(", ")\n", "line_", "\n    ", "é🦜", "")


class DyingEngine:
    """Implements `Engine` with the one of this process; after a death there is another one.

    Attributes:
        num_deaths: How often it has died.
    """

    def __init__(self) -> None:
        self.num_deaths = 0
        self._engine = self._new()

    async def die(self) -> None:
        """End whatever runs, with an error, as the end of a process does."""
        dead, self._engine = self._engine, self._new()
        self.num_deaths += 1
        await dead.aclose()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        stream = self._engine.generate(request)
        try:
            async for event in stream:
                yield event
        finally:
            await stream.aclose()

    async def count(self, request: CountRequest) -> CountReply:
        return await self._engine.count(request)

    async def describe(self, model: str) -> ModelInfo:
        return await self._engine.describe(model)

    async def status(self) -> EngineStatus:
        return await self._engine.status()

    async def aclose(self) -> None:
        """Go on: the session lets go of it, and the test looks what is left."""

    async def end(self) -> None:
        await self._engine.aclose()

    def _new(self) -> LocalEngine:
        return create_local_engine(EngineSettings())


class RandomSession:
    """Sends what the dice say.

    Attributes:
        asked: Ids of all requests.
    """

    def __init__(self, client: JsonClient, engine: DyingEngine, seed: int) -> None:
        self.asked: list[int] = []
        self._client = client
        self._engine = engine
        self._dice = random.Random(seed)
        self._version = 0
        self._habits: dict[Callable[[], object], int] = {
            self._edit: 20,
            self._ask_for_ghost_text: 20,
            self._cancel: 14,
            self._ask_for_popup: 8,
            self._ask_for_actions: 6,
            self._resolve: 6,
            self._run_command: 8,
            self._open: 5,
            self._close: 3,
            self._change_settings: 3,
            self._ask_nonsense: 3,
        }

    async def start(self) -> None:
        await self._client.start(CAPABILITIES)
        for _ in _URIS:
            self._open()

    async def run(self, num_steps: int) -> None:
        """Do so many things; the server gets more or less time between them."""
        for _ in range(num_steps):
            [habit] = self._dice.choices(list(self._habits), list(self._habits.values()))
            habit()
            match self._dice.randrange(12):
                case 0:
                    await asyncio.sleep(self._dice.uniform(0.0, 0.05))
                case 1 if self._dice.random() < 0.3:
                    await self._engine.die()
                case 2 | 3 | 4 | 5 | 6:
                    await asyncio.sleep(0)

    def _ask(self, method: str, params: Any) -> None:
        self.asked.append(self._client.send(method, params))

    def _ask_for_ghost_text(self) -> None:
        context = {"triggerKind": self._dice.choice((1, 2))}
        self._ask("textDocument/inlineCompletion", {**self._place(), "context": context})

    def _ask_for_popup(self) -> None:
        self._ask("textDocument/completion", self._place())

    def _ask_for_actions(self) -> None:
        place = self._place()
        at = {"start": place["position"], "end": place["position"]}
        params = {**place, "range": at, "context": {"diagnostics": []}}
        self._ask("textDocument/codeAction", params)

    def _resolve(self) -> None:
        """Choose any action that was ever offered, in its menu or by its command."""
        if offer := self._offer():
            self._ask("codeAction/resolve", offer)

    def _run_command(self) -> None:
        offer = self._offer()
        commands: list[dict[str, Any]] = [
            {"command": "bantam.status"},
            {"command": "bantam.accepted", "arguments": ["s1"]},
            {"command": "bantam.dismissed", "arguments": [1, 2]},
            {"command": "bantam.no-such-command", "arguments": []},
        ]
        if offer:
            commands += [{"command": "bantam.act", "arguments": [offer["data"]]}] * 3
        self._ask("workspace/executeCommand", self._dice.choice(commands))

    def _ask_nonsense(self) -> None:
        method = self._dice.choice(("textDocument/inlineCompletion", "no/such/method"))
        self._ask(method, self._dice.choice(({"position": "here"}, None, [], {"a": 1})))

    def _cancel(self) -> None:
        """Cancel a late request, or one that was answered long ago, or that never was."""
        ids = [*self.asked[-4:], *self.asked[-4:], *self.asked[:1], 10_000]
        self._client.notify("$/cancelRequest", {"id": self._dice.choice(ids)})

    def _open(self) -> None:
        """Open a document, also one that is open."""
        self._version += 1
        item = {
            "uri": self._dice.choice(_URIS),
            "languageId": "python",
            "version": self._version,
            "text": _TEXT,
        }
        self._client.notify("textDocument/didOpen", {"textDocument": item})

    def _close(self) -> None:
        uri = self._dice.choice(_URIS)
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def _edit(self) -> None:
        """Edit a document, also one that is not open; versions may go backwards."""
        self._version += self._dice.choice((1, 1, 1, -1))
        place = self._place()
        identifier = {**place["textDocument"], "version": self._version}
        change: dict[str, Any] = {"text": self._dice.choice(_SNIPPETS)}
        if self._dice.random() < 0.9:
            change["range"] = {"start": place["position"], "end": place["position"]}
        params = {"textDocument": identifier, "contentChanges": [change]}
        self._client.notify("textDocument/didChange", params)

    def _change_settings(self) -> None:
        max_tokens = self._dice.choice((4, 8, 400, "many"))
        self._client.configuration = {"completion": {"max_tokens": max_tokens}}
        self._client.notify("workspace/didChangeConfiguration", {"settings": None})

    def _place(self) -> dict[str, Any]:
        position = {"line": self._dice.randrange(8), "character": self._dice.randrange(20)}
        return {"textDocument": {"uri": self._dice.choice(_URIS)}, "position": position}

    def _offer(self) -> dict[str, Any] | None:
        offers = [
            one
            for response in self._client.responses
            for one in (response.get("result") or [] if "result" in response else [])
            if isinstance(one, dict) and "data" in one
        ]
        return self._dice.choice(offers) if offers else None
