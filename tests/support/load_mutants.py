"""An engine that loads one doubtful model file after the other and asks each for two tokens.

python -m tests.support.load_mutants FILE...

It prints a file's name before it touches it and what became of it after: who dies is known.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from contextlib import aclosing

from lsp_server.engine.api import EndEvent, Limits
from lsp_server.engine.local import create_local_engine
from lsp_server.settings.schema import EngineSettings
from tests.support.scripted_engine import request

#: No small model needs more, whatever its header says.
_MAX_MEMORY_BYTES = 8 * 1024**3


async def _ask(model: str) -> str:
    async with aclosing(create_local_engine(EngineSettings(threads=1))) as engine:
        wanted = request(
            "def add(a, b):\n\tünï 12", model=model, limits=Limits(max_tokens=2, max_ms=20_000)
        )
        async for event in engine.generate(wanted):
            if isinstance(event, EndEvent):
                return "answered" if event.error is None else f"refused {event.error.message}"
    return "silent"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    for model in sys.argv[1:]:
        print("loading", model, flush=True)
        print("outcome", asyncio.run(_ask(model)).replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
