"""The person in front of the soak's editor: does what people do, by the dice of a seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from scripts.soak_test.buffers import Buffer
from scripts.soak_test.editor import EditorClient

GHOST_TEXT = "ghost text"
POPUP = "popup"
OFFERS = "code actions"
RESOLVE = "resolve"
COMMAND = "command"

_SNIPPETS = (
    "def area(radius: float) -> float:\n    return ",
    "for index, item in enumerate(items):\n    print(",
    "class Shelf:\n    def __init__(self, size: int) -> None:\n        self.size = ",
    "if __name__ == '__main__':\n    main(",
    "# 🦜 naïve café, 漢字\nvalue = {'key': [1, 2, 3",
    "with open(path, encoding='utf-8') as file:\n    text = ",
    "import os\nimport sys\n\nroot = os.path.",
    "def add(a, b):\n    pass\n",
)
#: Seconds between two keys.
_FASTEST_KEY_S, _SLOWEST_KEY_S = 0.02, 0.15
_NUM_OPEN = 4
#: A document that has grown by so much is taken back to what it was.
_MAX_GROWTH_CHARS = 8_000


class Typist:
    """Edits files until it is told to stop.

    Attributes:
        num_actions: What it has done so far.
    """

    def __init__(self, client: EditorClient, files: list[Path], seed: int) -> None:
        self.num_actions = 0
        self._client = client
        self._dice = random.Random(seed)
        self._files = files
        self._buffers = [Buffer.of(file) for file in files[:_NUM_OPEN]]
        self._buffer = self._buffers[0]
        self._latest: int | None = None
        self._habits: dict[Callable[[], Awaitable[None]], int] = {
            self._type: 30,
            self._accept: 20,
            self._ask_for_popup: 8,
            self._jump: 8,
            self._erase: 6,
            self._switch: 14,
            self._ask_for_actions: 3,
            self._save: 3,
            self._open_another: 6,
            self._ask_for_status: 2,
            self._change_settings: 1,
        }

    def open_files(self) -> None:
        """Open the first files."""
        for buffer in self._buffers:
            buffer.open(self._client)

    async def act(self) -> None:
        """Do one thing."""
        [habit] = self._dice.choices(list(self._habits), list(self._habits.values()))
        await habit()
        self.num_actions += 1
        if len(self._buffer.text) > len(self._buffer.original) + _MAX_GROWTH_CHARS:
            self._buffer.take_back(self._client)

    async def _type(self) -> None:
        """Type some keys; each one cancels the question of the key before, as editors do."""
        snippet = self._dice.choice(_SNIPPETS)
        for key in snippet[: self._dice.randint(1, len(snippet))]:
            self._insert(key)
            await self._next_key()
            if self._latest is not None and self._dice.random() < 0.85:
                self._client.cancel(self._latest)
            self._latest, _ = self._ask_for_ghost_text(is_automatic=True)

    async def _accept(self) -> None:
        """Wait for ghost text and take it, or dismiss it."""
        buffer, version = self._buffer, self._buffer.version
        _, answer = self._ask_for_ghost_text(is_automatic=False)
        items = (_result(await answer) or {}).get("items", [])
        if not items or buffer.version != version:
            return
        arguments = items[0]["command"]["arguments"]
        if self._dice.random() < 0.3:
            self._command("bantam.dismissed", arguments)
            return
        at = items[0]["range"]
        start, end = buffer.offset(at["start"]), buffer.offset(at["end"])
        buffer.replace(self._client, start, end, items[0]["insertText"])
        self._command("bantam.accepted", arguments)

    async def _ask_for_popup(self) -> None:
        """Ask for popup items, as a client without ghost text does with every key."""
        msg_id, answer = self._client.ask(
            POPUP, "textDocument/completion", self._buffer.at_cursor()
        )
        if self._dice.random() < 0.3:
            self._client.cancel(msg_id)
        await answer

    async def _ask_for_actions(self) -> None:
        """Open the menu of code actions, and now and then choose one, or think better of it."""
        place = self._buffer.position()
        params = {
            "textDocument": self._buffer.identifier,
            "range": {"start": place, "end": place},
            "context": {"diagnostics": []},
        }
        _, answer = self._client.ask(OFFERS, "textDocument/codeAction", params)
        offers = [one for one in _result(await answer) or [] if one.get("data")]
        if not offers or self._dice.random() < 0.5:
            return
        msg_id, edit = self._client.ask(RESOLVE, "codeAction/resolve", self._dice.choice(offers))
        if self._dice.random() < 0.5:
            await self._next_key()
            self._client.cancel(msg_id)
        await edit

    async def _jump(self) -> None:
        """Put the cursor elsewhere."""
        self._buffer.cursor = self._dice.randint(0, len(self._buffer.text))

    async def _erase(self) -> None:
        """Delete some text before the cursor."""
        buffer = self._buffer
        start = max(0, buffer.cursor - self._dice.randint(1, 60))
        buffer.replace(self._client, start, buffer.cursor, "")
        await self._next_key()

    async def _switch(self) -> None:
        """Go to another open file."""
        self._buffer = self._dice.choice(self._buffers)
        self._ask_for_ghost_text(is_automatic=True)
        await self._next_key()

    async def _open_another(self) -> None:
        """Close a file and open another one in its place, sometimes while it is being asked."""
        slot = self._dice.randrange(len(self._buffers))
        if self._dice.random() < 0.5:
            self._buffer = self._buffers[slot]
            self._ask_for_ghost_text(is_automatic=False)
        self._buffers[slot].close(self._client)
        is_open = {buffer.path for buffer in self._buffers}
        path = self._dice.choice([file for file in self._files if file not in is_open])
        self._buffers[slot] = self._buffer = Buffer.of(path)
        self._buffer.open(self._client)

    async def _save(self) -> None:
        """Save the file, as it was in the beginning: others are shown what it defines."""
        self._buffer.take_back(self._client)
        self._buffer.path.write_text(self._buffer.text, encoding="utf-8")
        self._client.notify("textDocument/didSave", {"textDocument": self._buffer.identifier})
        change = {"uri": self._buffer.path.as_uri(), "type": 2}
        self._client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})

    async def _change_settings(self) -> None:
        """Change settings that count at once."""
        self._client.configuration = {"completion": {"max_tokens": self._dice.choice((16, 32, 48))}}
        self._client.notify("workspace/didChangeConfiguration", {"settings": None})

    async def _ask_for_status(self) -> None:
        """Run a command."""
        await self._command("bantam.status", [])

    def _insert(self, text: str) -> None:
        self._buffer.replace(self._client, self._buffer.cursor, self._buffer.cursor, text)

    def _command(self, name: str, arguments: list[Any]) -> asyncio.Future[Any]:
        params = {"command": name, "arguments": arguments}
        return self._client.ask(COMMAND, "workspace/executeCommand", params)[1]

    def _ask_for_ghost_text(self, *, is_automatic: bool) -> tuple[int, asyncio.Future[Any]]:
        context = {"triggerKind": 2 if is_automatic else 1}
        params = {**self._buffer.at_cursor(), "context": context}
        return self._client.ask(GHOST_TEXT, "textDocument/inlineCompletion", params)

    async def _next_key(self) -> None:
        await asyncio.sleep(self._dice.uniform(_FASTEST_KEY_S, _SLOWEST_KEY_S))


def _result(answer: dict[str, Any]) -> Any:
    return answer.get("result")
