"""A window of an editor: asks the shared engine once and prints what it found, as JSON.

    python -m tests.support.ask_engine_once [FILE [MODEL]]

With FILE it waits until that file exists, so that several can ask at the same moment.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from lsp_server.directories import directories
from lsp_server.engine.api import EndEvent
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared.polling import wait_until
from tests.support.scripted_engine import request


async def main() -> None:
    client = EngineClient(directories())
    model = sys.argv[2] if sys.argv[2:] else "fake"
    if sys.argv[1:]:
        print("waiting", flush=True)
        await wait_until(Path(sys.argv[1]).exists, timeout_s=60)
    end = [event async for event in client.generate(request(model=model))][-1]
    assert isinstance(end, EndEvent)
    error = None if end.error is None else end.error.message
    status = None if error else await client.status()
    pid = None if status is None else status.pid
    models = [] if status is None else [model.model for model in status.models]
    print(json.dumps({"error": error, "pid": pid, "models": models}))
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(main())
