"""Handlers that do what handlers and libraries do by accident, for any server on pygls."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from pygls.lsp.server import LanguageServer

SECRET = "secret_of_the_document"
_NUM_FLOODING_THREADS = 4
_released = threading.Event()


def block(timeout_s: float) -> bool:
    """Occupy a thread until `probe/release`; return whether that came in time."""
    return _released.wait(timeout_s)


def register_probes(server: LanguageServer, text_of: Callable[[str], str]) -> None:
    """Register all handlers but `probe/block`, which servers run in their own ways."""

    @server.feature("probe/text")
    async def text(params: Any) -> str:
        return text_of(params.uri)

    @server.feature("probe/echo")
    async def echo(params: Any) -> Any:
        return params.value

    @server.feature("probe/release")
    async def release(params: Any) -> None:
        _released.set()

    @server.feature("probe/print")
    async def noisy(params: Any) -> None:
        print("from print", flush=True)
        os.write(1, b"from a descriptor\n")
        child = await asyncio.create_subprocess_exec("echo", "from a child")
        await child.wait()

    @server.feature("probe/read")
    async def child_that_reads(params: Any) -> int:
        child = await asyncio.create_subprocess_exec("cat", stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate()
        return len(out)

    @server.feature("probe/raise")
    async def fail(params: Any) -> None:
        raise ValueError(f"cannot read /home/somebody/{SECRET}")

    @server.feature("probe/no_json")
    async def no_json(params: Any) -> Any:
        return {"value": {1, 2}}

    @server.feature("probe/flood")
    async def flood(params: Any) -> None:
        # Threads take turns as often as they can, so that whoever may mix messages does.
        sys.setswitchinterval(1e-6)

        def send(number: int) -> None:
            for _ in range(params.num_messages):
                server.protocol.notify("probe/noise", {"text": str(number) * 70_000})

        threads = [
            threading.Thread(target=send, args=(number,)) for number in range(_NUM_FLOODING_THREADS)
        ]
        for thread in threads:
            thread.start()
        await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
