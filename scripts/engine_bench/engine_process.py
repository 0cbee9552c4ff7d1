"""Our engine as users have it, a process at its socket, with folders of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lsp_server.directories import Directories
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared.process import stop_engine
from scripts.engine_bench.ours import OurFailure
from scripts.workplace import workplace

#: A model is measured for a few seconds; many more where other programs interrupt it.
_MEASURED_TIMEOUT_S = 300.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What is fixed in a comparison.

    Attributes:
        context_tokens: KV cells.
        num_threads: CPU threads.
    """

    context_tokens: int
    num_threads: int


@asynccontextmanager
async def engine_folders(options: EngineOptions) -> AsyncGenerator[Directories, None]:
    """Give folders with settings for an engine, which need not run; end it if it does."""
    with workplace() as (_, folders):
        folders.config.mkdir(mode=0o700)
        folders.config_file.write_text(
            f"[engine]\ncontext_tokens = {options.context_tokens}\n"
            f"threads = {options.num_threads}\n",
            encoding="utf-8",
        )
        try:
            yield folders
        finally:
            await stop_engine(folders)


@asynccontextmanager
async def attached(folders: Directories) -> AsyncGenerator[EngineClient, None]:
    """Give a client of the engine in these folders; its first request starts one at need."""
    client = EngineClient(folders)
    try:
        yield client
    finally:
        await client.aclose()


async def wait_until_measured(client: EngineClient, model: str) -> None:
    """Load a model and wait until its engine knows this machine.

    Until then the engine measures whenever nobody asks, which would disturb whoever is measured
    meanwhile.

    Raises:
        OurFailure: That took too long.
    """
    try:
        async with asyncio.timeout(_MEASURED_TIMEOUT_S):
            while True:
                info = await client.describe(model)
                if info.budgets is not None:
                    return
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise OurFailure(
            f"the engine has not measured {model} within {_MEASURED_TIMEOUT_S:g} s; end what "
            "keeps this machine busy"
        ) from error
