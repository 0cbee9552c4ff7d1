"""The documents of the soak's editor: text, cursor, version, and every edit as LSP has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.soak_test.editor import EditorClient


@dataclass
class Buffer:
    """One open file, as the editor has it.

    Attributes:
        path: The file.
        original: The text it began with; edits are taken back to it now and then.
        text: What it holds now.
        cursor: Offset in code points.
        version: Rises with every edit.
    """

    path: Path
    original: str
    text: str
    cursor: int
    version: int = 1

    @classmethod
    def of(cls, path: Path) -> Buffer:
        """Read a file; the cursor stands at its end."""
        text = path.read_text(encoding="utf-8")
        return cls(path, text, text, len(text))

    @property
    def identifier(self) -> dict[str, Any]:
        """The text document of requests."""
        return {"uri": self.path.as_uri()}

    def open(self, client: EditorClient) -> None:
        """Tell the server that the file is open."""
        item = {
            **self.identifier,
            "languageId": "python",
            "version": self.version,
            "text": self.text,
        }
        client.notify("textDocument/didOpen", {"textDocument": item})

    def close(self, client: EditorClient) -> None:
        """Tell the server that the file is closed."""
        client.notify("textDocument/didClose", {"textDocument": self.identifier})

    def replace(self, client: EditorClient, start: int, end: int, new: str) -> None:
        """Edit a part; the cursor stands behind the new text."""
        at = {"start": self.position(start), "end": self.position(end)}
        self.text = self.text[:start] + new + self.text[end:]
        self.cursor = start + len(new)
        self._change(client, {"range": at, "text": new})

    def take_back(self, client: EditorClient) -> None:
        """Replace the whole text by the original one."""
        self.text, self.cursor = self.original, min(self.cursor, len(self.original))
        self._change(client, {"text": self.original})

    def position(self, offset: int | None = None) -> dict[str, int]:
        """Return an offset's position, by default the cursor's, in UTF-16."""
        before = self.text[: self.cursor if offset is None else offset]
        head = before[before.rfind("\n") + 1 :]
        return {"line": before.count("\n"), "character": len(head.encode("utf-16-le")) // 2}

    def offset(self, position: dict[str, int]) -> int:
        """Return the offset of a position."""
        start = 0
        for _ in range(position["line"]):
            start = self.text.index("\n", start) + 1
        units = self.text[start:].encode("utf-16-le")[: 2 * position["character"]]
        return start + len(units.decode("utf-16-le"))

    def at_cursor(self) -> dict[str, Any]:
        """Return the parameters of a request at the cursor."""
        return {"textDocument": self.identifier, "position": self.position()}

    def _change(self, client: EditorClient, change: dict[str, Any]) -> None:
        self.version += 1
        client.notify(
            "textDocument/didChange",
            {
                "textDocument": {**self.identifier, "version": self.version},
                "contentChanges": [change],
            },
        )
