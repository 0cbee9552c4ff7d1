"""Count the memory of several editor windows: light servers, and one engine with one model.

Each window is a real `bantam serve` that has opened a file and was answered once.  Counted are
resident bytes (RSS) and the share of each process (PSS), in which what several processes map
counts once between them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from lsp_server.directories import directories
from lsp_server.engine.api import EngineStatus
from lsp_server.engine.client import EngineClient
from scripts.soak_test.editor import CAPABILITIES, EditorClient
from scripts.soak_test.tally import Tally

_MIB = 1024**2
_ANSWER_TIMEOUT_S = 300.0
_TEXT = "import math\n\n\ndef area(radius):\n    return math.pi * radius ** 2\n\n\n" + (
    "def circle(r):\n    re"
)
_CURSOR = {"line": 8, "character": 6}


@dataclass(frozen=True, slots=True)
class Memory:
    """What one process takes.

    Attributes:
        rss_bytes: Resident memory.
        pss_bytes: Its share of it; `None` where the system does not say.
        uss_bytes: What would be free if it ended; `None` where the system does not say.
    """

    rss_bytes: int
    pss_bytes: int | None
    uss_bytes: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """The processes of one count.

    Attributes:
        servers: One for each window.
        engines: Processes that run a model; there should be one.
        status: What the engine says of itself.
    """

    servers: list[Memory]
    engines: list[Memory]
    status: EngineStatus


async def measure(num_windows: int, model: str) -> Measured:
    """Open windows, have each answered, and count; they use the folders of the environment.

    Args:
        num_windows: Language servers.
        model: Catalogue id, or absolute path.

    Raises:
        RuntimeError: A window was not answered.
    """
    tallies = [Tally() for _ in range(num_windows)]
    command = [str(Path(sys.executable).with_name("bantam")), "serve"]
    windows = [await EditorClient.start(command, os.environ, tally) for tally in tallies]
    client = EngineClient(directories(), start=False)
    try:
        await asyncio.gather(*(_use(window, index, model) for index, window in enumerate(windows)))
        status = await client.status()
        servers = [memory_of(psutil.Process(window.process.pid)) for window in windows]
        return Measured(servers, [memory_of(psutil.Process(status.pid))], status)
    finally:
        await asyncio.gather(*(window.end(10.0) for window in windows))
        await client.stop_engine()
        await client.aclose()


def memory_of(process: psutil.Process) -> Memory:
    """Return what a process takes; an engine lets nobody but the superuser look closely."""
    try:
        full = process.memory_full_info()
    except psutil.AccessDenied:
        return Memory(process.memory_info().rss, None, None)
    return Memory(full.rss, full.pss, full.uss)


def report(measured: Measured) -> str:
    """Return the figures as lines of text."""
    lines = [f"{'':10}{'RSS':>10}{'PSS':>10}{'USS':>10}  MiB"]
    rows = [(f"server {number}", one) for number, one in enumerate(measured.servers, start=1)]
    rows += [("engine", one) for one in measured.engines]
    for name, one in rows:
        lines.append(f"{name:10}{_mib(one.rss_bytes)}{_mib(one.pss_bytes)}{_mib(one.uss_bytes)}")
    pss = [one.pss_bytes for _, one in rows if one.pss_bytes is not None]
    if len(pss) == len(rows):
        lines.append(f"{'together':10}{'':10}{_mib(sum(pss))}")
    lines += [
        f"model {model.model}: weights and KV cells {_mib(model.num_bytes).strip()}"
        for model in measured.status.models
    ]
    return "\n".join(lines)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="scripts/measure_windows", description=__doc__)
    parser.add_argument("windows", nargs="?", type=int, default=8, help="how many (default: 8)")
    parser.add_argument("model", nargs="?", default="bantam-embedded", help="id, or absolute path")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bantam-") as home:
        os.environ.update(_folders_in(Path(home)))
        measured = asyncio.run(measure(arguments.windows, arguments.model))
    sys.stdout.write(report(measured) + "\n")


async def _use(window: EditorClient, index: int, model: str) -> None:
    """Open a file and ask for ghost text, as an editor does."""
    options = {"model": {"name": model}, "completion": {"max_ms": 60_000}}
    uri = f"file:///window-{index}/area.py"
    start = {"processId": os.getpid(), "capabilities": CAPABILITIES, "rootUri": None}
    await _answer(window, "initialize", {**start, "initializationOptions": options})
    window.notify("initialized", {})
    item = {"uri": uri, "languageId": "python", "version": 1, "text": _TEXT}
    window.notify("textDocument/didOpen", {"textDocument": item})
    await _answer(
        window,
        "textDocument/inlineCompletion",
        {"textDocument": {"uri": uri}, "position": _CURSOR, "context": {"triggerKind": 1}},
    )


async def _answer(window: EditorClient, method: str, params: object) -> None:
    _, answer = window.ask(method, method, params)
    async with asyncio.timeout(_ANSWER_TIMEOUT_S):
        message = await answer
    if "error" in message:
        raise RuntimeError(f"{method} was refused: {message['error']}")


def _folders_in(home: Path) -> dict[str, str]:
    """Return what lets Bantam write below one folder alone."""
    names = ("CONFIG_HOME", "STATE_HOME", "CACHE_HOME", "DATA_HOME", "RUNTIME_DIR")
    return {f"BANTAM_{name}": str(home / name.partition("_")[0].lower()) for name in names}


def _mib(num_bytes: int | None) -> str:
    return f"{'?' if num_bytes is None else f'{num_bytes / _MIB:.1f}':>10}"


if __name__ == "__main__":
    main()
