"""When an engine is asked again what it knows of its model."""

from __future__ import annotations

import asyncio

import msgspec

from lsp_server.completion.loading import LoadingReporter
from lsp_server.completion.model_knowledge import ModelKnowledge
from lsp_server.engine.model_info import Budgets, ModelInfo
from lsp_server.errors import EngineError
from tests.support.engine import FakeClock
from tests.support.scripted_engine import INFO, ScriptedEngine

BUDGETS = Budgets(prompt_tokens=500, answer_tokens=20, debounce_ms=200)


class MeasuringEngine(ScriptedEngine):
    """Describes its model as it is told, and counts how often it did."""

    info = msgspec.structs.replace(INFO, is_measuring=True)
    num_described = 0

    async def describe(self, model: str) -> ModelInfo:
        self.num_described += 1
        if self.failure is not None:
            raise self.failure
        return self.info


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_engine_that_measures_is_asked_again_and_nobody_waits() -> None:
    engine, clock = MeasuringEngine(), FakeClock()
    knowledge = ModelKnowledge(engine, "fake", LoadingReporter(None), clock)
    assert (await knowledge.info()).budgets is None
    engine.info = msgspec.structs.replace(INFO, budgets=BUDGETS)
    await knowledge.info()
    await settle()
    assert engine.num_described == 1, "it is too early"
    clock.now_s = 60.0
    assert (await knowledge.info()).budgets is None, "this question does not wait"
    await settle()
    assert (await knowledge.info()).budgets == BUDGETS
    clock.now_s = 600.0
    await knowledge.info()
    await settle()
    assert engine.num_described == 2, "there is nothing more to hear"
    await knowledge.aclose()


async def test_a_failure_to_ask_again_changes_nothing() -> None:
    engine, clock = MeasuringEngine(), FakeClock()
    knowledge = ModelKnowledge(engine, "fake", LoadingReporter(None), clock)
    await knowledge.info()
    engine.failure = EngineError("it is gone")
    clock.now_s = 60.0
    await knowledge.info()
    await settle()
    assert (await knowledge.info()).is_measuring
    await knowledge.aclose()
