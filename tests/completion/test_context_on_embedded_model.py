"""The embedded model is shown the members of an imported class after the dot."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from lsp_server.completion.pipeline import CompletionPipeline
from lsp_server.completion.query import OutcomeReason, Project
from lsp_server.engine.api import CountReply, CountRequest, Engine, Event, GenerateRequest
from lsp_server.engine.loader import make_loader
from lsp_server.engine.local import LocalEngine
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.status import EngineStatus
from lsp_server.settings.schema import (
    CompletionSettings,
    EngineSettings,
    ModelSettings,
    Settings,
)
from tests.support.completion import prompt_text, query_at

pytestmark = pytest.mark.real_model

FIXTURE = Path(__file__).parents[1] / "context/fixtures/python"
MARKED = "from shop import Store\n\n\ndef sell(store: Store) -> None:\n    store.‸\n"
SIGNATURE = "async def price_of(self, name: str) -> Money:"


class RecordingEngine:
    """Passes everything on, and keeps the requests."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.requests: list[GenerateRequest] = []

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        self.requests.append(request)
        async for event in self._engine.generate(request):
            yield event

    async def count(self, request: CountRequest) -> CountReply:
        return await self._engine.count(request)

    async def describe(self, model: str) -> ModelInfo:
        return await self._engine.describe(model)

    async def status(self) -> EngineStatus:
        return await self._engine.status()

    async def aclose(self) -> None:
        await self._engine.aclose()


async def test_prompt_holds_the_signature_of_a_method_after_the_dot(embedded_model: Path) -> None:
    load = make_loader(EngineSettings(context_tokens=2_048, threads=1))
    engine = RecordingEngine(LocalEngine(load))
    settings = Settings(
        model=ModelSettings(name=str(embedded_model)),
        completion=CompletionSettings(context_ms=60_000, max_tokens=8, max_ms=60_000),
    )
    pipeline = CompletionPipeline(engine, settings)
    project = Project(FIXTURE / "app.py", (FIXTURE,))
    outcome = await pipeline.complete(query_at(MARKED, project=project))
    await pipeline.aclose()
    prompt = prompt_text(engine.requests[-1])
    await engine.aclose()
    assert outcome.reason in {OutcomeReason.SHOWN, OutcomeReason.EMPTY, OutcomeReason.FILTERED}
    assert SIGNATURE in prompt
    assert prompt.index(SIGNATURE) < prompt.index("def sell")
    assert outcome.cost.tokens_computed > len(prompt) / 10
