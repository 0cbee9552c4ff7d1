"""Our engine, asked by the code that the product asks it with.

The questions go through `ModelWriter`: the look from the cursor, gathering, the anchored layout
with token healing, the request and our stop rules are those of a completion.  Left out is what
would answer without the model: memory, typing along, debouncing, and places that are not asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from lsp_server.completion.cursor import look_from_cursor
from lsp_server.completion.generation import Draft
from lsp_server.completion.loading import LoadingReporter
from lsp_server.completion.query import CompletionQuery
from lsp_server.completion.writing import ModelWriter, Wish
from lsp_server.context.syntax import DocumentTrees
from lsp_server.engine.api import Engine, Priority
from lsp_server.engine.local import create_local_engine
from lsp_server.settings.fields import setting_fields
from lsp_server.settings.schema import (
    CompletionSettings,
    EngineSettings,
    ModelSettings,
    Settings,
)
from scripts.engine_bench.asking import KeyCost
from scripts.engine_bench.traces import Key

#: An hour, more than settings allow: no answer is cut off by the clock, however slow the machine
#: is, because the same work is asked of both systems.
_MAX_MS = 3_600_000
#: The engine uses a pause after a third of a second; a pause has been used when it then did nothing
#: more for as long again.
_QUIET_S = 1.0
_POLL_S = 0.05


class OurFailure(Exception):
    """Our engine did not answer; the message says why."""


def bench_settings(model: Path, context_tokens: int, max_tokens: int) -> Settings:
    """Return the product's settings, but for what the comparison fixes."""
    return Settings(
        model=ModelSettings(name=str(model)),
        completion=CompletionSettings(max_tokens=max_tokens, max_ms=_MAX_MS),
        engine=EngineSettings(context_tokens=context_tokens),
        # What was measured on this machine must not change what is compared.
        chosen=frozenset(setting_fields()),
    )


class OurSystem:
    """Implements `asking.System`.

    A pause lasts until the engine has nothing left to do: what it may compute then is counted in
    full, although a person might type on before it is done.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._writer = ModelWriter(engine, settings, LoadingReporter(None))
        self._trees = DocumentTrees()

    async def ask(self, key: Key) -> KeyCost:
        """Ask at a key.

        Raises:
            OurFailure: The engine did not answer.
        """
        query = CompletionQuery(
            uri=key.document,
            path=key.document,
            language="python",
            text=key.text,
            cursor=key.cursor,
        )
        num_idle = await self._pass_pause() if key.has_pause_before else 0
        cursor = look_from_cursor(query, self._trees)
        answer = await self._writer.write(cursor, Wish(1, Priority.GHOST_TEXT), Draft(1))
        if answer.interrupted is not None:
            message = answer.error.message if answer.error else answer.interrupted.value
            raise OurFailure(f"no answer in {key.document}: {message}")
        cost = answer.cost
        return KeyCost(
            tokens_prompt=cost.tokens_reused + cost.tokens_shifted + cost.tokens_computed,
            tokens_computed=cost.tokens_computed,
            tokens_idle=num_idle,
            num_shifts=int(cost.tokens_shifted > 0),
            ms_first=cost.ms_queued + cost.ms_prefill,
            ms_decode=cost.ms_decode,
            tokens_generated=cost.tokens_generated,
        )

    async def _pass_pause(self) -> int:
        """Wait until the engine uses the pause no more; return the tokens that it computed."""
        first = latest = await self._num_idle_tokens()
        quiet_since_s = time.monotonic()
        while time.monotonic() - quiet_since_s < _QUIET_S:
            await asyncio.sleep(_POLL_S)
            now = await self._num_idle_tokens()
            if now != latest:
                latest, quiet_since_s = now, time.monotonic()
        return latest - first

    async def _num_idle_tokens(self) -> int:
        status = await self._engine.status()
        return sum(model.totals.idle for model in status.models)

    async def aclose(self) -> None:
        """Let go of the engine; it stays open."""
        await self._writer.aclose()


@asynccontextmanager
async def our_system(settings: Settings) -> AsyncGenerator[OurSystem, None]:
    """Run our engine in this process as long as the context lasts."""
    engine = create_local_engine(settings.engine)
    system = OurSystem(engine, settings)
    try:
        yield system
    finally:
        await system.aclose()
        await engine.aclose()
