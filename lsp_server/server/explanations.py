"""Show a text that is too long for a message: as a Markdown file, where the client opens files.

The files lie in the state folder, which only the user can enter; the oldest go away.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from pathlib import Path

from lsp_server.directories import directories, make_private
from lsp_server.server.client import EditorClient

MAX_FILES = 8
_MAX_MESSAGE_LINES = 8
_NUMBERS = itertools.count(1)


async def show_explanation(client: EditorClient, title: str, markdown: str) -> None:
    """Show an explanation to the person.

    Raises:
        ConfigError: The state folder cannot be made.
    """
    if client.has_show_document:
        path = await asyncio.to_thread(_write, f"# {title}\n\n{markdown}")
        if await client.show_document(path.as_uri()):
            return
    client.show_info(_beginning(markdown))


def _write(markdown: str) -> Path:
    folder = make_private(directories().state / "explanations")
    path = folder / f"explanation-{os.getpid()}-{next(_NUMBERS)}.md"
    path.write_text(markdown, encoding="utf-8")
    files = sorted(folder.glob("*.md"), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in files[MAX_FILES:]:
        old.unlink(missing_ok=True)
    return path


def _beginning(markdown: str) -> str:
    lines = markdown.strip().split("\n")
    rest = [] if len(lines) <= _MAX_MESSAGE_LINES else ["…"]
    return "\n".join([*lines[:_MAX_MESSAGE_LINES], *rest])
