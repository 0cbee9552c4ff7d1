"""Editor windows with a real `bantam serve` each, which share an engine."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from lsp_server.directories import Directories
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.sources import PAIRS, Source
from scripts.soak_test.editor import CAPABILITIES, EditorClient
from scripts.soak_test.tally import Tally
from scripts.workplace import environment_of

_SERVE = (str(Path(sys.executable).with_name("bantam")), "serve")
_ANSWER_TIMEOUT_S = 300.0
_END_TIMEOUT_S = 30.0
#: A minute, the most that settings allow: also a busy machine shall answer.
_MAX_MS = 60_000
_INVOKED = 1


@asynccontextmanager
async def open_windows(
    num_windows: int, model: Path, folders: Directories
) -> AsyncGenerator[Sequence[int], None]:
    """Open windows, each with a document in which a suggestion was asked for.

    Gives the process ids of their servers.

    Raises:
        OurFailure: A server did not answer.
    """
    windows: list[EditorClient] = []
    try:
        for source in _sources(num_windows):
            window = await EditorClient.start(_SERVE, environment_of(folders), Tally())
            windows.append(window)
            await _use(window, source, model)
        yield [window.process.pid for window in windows]
    finally:
        for window in windows:
            await window.end(_END_TIMEOUT_S)


def _sources(num_windows: int) -> Sequence[Source]:
    known = list(dict.fromkeys(source for pair in PAIRS for source in pair))
    assert num_windows <= len(known), f"there are {len(known)} documents"
    return known[:num_windows]


async def _use(window: EditorClient, source: Source, model: Path) -> None:
    """Begin as editors do, open a document, and ask in its middle."""
    await _ask(
        window,
        "initialize",
        {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": CAPABILITIES,
            "initializationOptions": {
                "model": {"name": str(model)},
                "completion": {"max_ms": _MAX_MS},
            },
        },
    )
    window.notify("initialized", {})
    text = source.read()
    document = {"uri": f"untitled:{source.name}", "languageId": "python", "version": 1}
    window.notify("textDocument/didOpen", {"textDocument": {**document, "text": text}})
    line = text.splitlines()[source.first_line]
    indent = len(line) - len(line.lstrip())
    await _ask(
        window,
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": document["uri"]},
            "position": {"line": source.first_line, "character": indent},
            "context": {"triggerKind": _INVOKED},
        },
    )


async def _ask(window: EditorClient, method: str, params: object) -> None:
    _, answer = window.ask(method, method, params)
    await window.settled(_ANSWER_TIMEOUT_S)
    if not answer.done():
        raise OurFailure(f"a server did not answer {method} within {_ANSWER_TIMEOUT_S:g} s")
    if error := answer.result().get("error"):
        raise OurFailure(f"a server refused {method}: {error['message']}")
