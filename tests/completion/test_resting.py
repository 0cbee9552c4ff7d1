"""A cursor that rests has its place prepared, with an engine that writes what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from lsp_server.completion.pipeline import CompletionPipeline
from lsp_server.engine.api import ErrorKind, ErrorReport, Priority
from lsp_server.settings.schema import CompletionSettings, Settings
from tests.support.completion import Sleeper, WritingEngine, query_at, until

ASKED = "import os\n\ndef add(a, b):\n    ‸\n\ndef sub(a, b):\n    return a - b\n"
ELSEWHERE = "import os\n‸\ndef add(a, b):\n    \n\ndef sub(a, b):\n    return a - b\n"
FURTHER = "import os\n\ndef add(a, b):\n    \n‸\ndef sub(a, b):\n    return a - b\n"
NUM_TURNS = 50


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["return a + b"])


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
async def pipeline(engine: WritingEngine, sleeper: Sleeper) -> AsyncIterator[CompletionPipeline]:
    async with pipeline_with(engine, sleeper, CompletionSettings()) as pipeline:
        yield pipeline


@asynccontextmanager
async def pipeline_with(
    engine: WritingEngine, sleeper: Sleeper, completion: CompletionSettings
) -> AsyncIterator[CompletionPipeline]:
    """Give a pipeline that is closed in the end, with no stream left open."""
    pipeline = CompletionPipeline(engine, Settings(completion=completion), sleep=sleeper)
    yield pipeline
    await pipeline.aclose()
    assert engine.num_open == 0, "every stream is closed in the end"


async def let_run() -> None:
    """Let whatever can run do so."""
    for _ in range(NUM_TURNS):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)


async def test_place_is_prepared_with_the_prompt_of_the_question_that_follows(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    pipeline.rest(query_at(ELSEWHERE))
    await let_run()
    assert engine.preparations == [], "the cursor may be on its way"
    sleeper.over.set()
    await until(lambda: engine.preparations)
    await until(lambda: pipeline.counts.num_prepared == 1)
    [prepared] = engine.preparations
    assert prepared.priority is Priority.WARM
    assert prepared.limits.max_tokens == 0
    assert prepared.supersedes
    await pipeline.complete(query_at(ELSEWHERE))
    assert engine.requests[-1].segments == prepared.segments
    assert engine.requests[-1].document_key == prepared.document_key


async def test_document_that_nobody_asked_about_is_left_alone(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    sleeper.over.set()
    pipeline.rest(query_at(ELSEWHERE, uri="file:///project/b.py"))
    await let_run()
    assert engine.preparations == []


@pytest.mark.parametrize(("where", "num_prepared"), [("opened", 1), ("edited", 0), ("off", 0)])
async def test_setting_says_which_documents_are_prepared(
    engine: WritingEngine,
    sleeper: Sleeper,
    where: Literal["edited", "opened", "off"],
    num_prepared: int,
) -> None:
    settings = CompletionSettings(prepare=where)
    async with pipeline_with(engine, sleeper, settings) as pipeline:
        await pipeline.complete(query_at(ASKED))
        sleeper.over.set()
        pipeline.rest(query_at(ELSEWHERE, uri="file:///project/b.py"))
        await let_run()
        assert len(engine.preparations) == num_prepared


async def test_nothing_is_prepared_where_the_setting_is_off(
    engine: WritingEngine, sleeper: Sleeper
) -> None:
    async with pipeline_with(engine, sleeper, CompletionSettings(prepare="off")) as pipeline:
        await pipeline.complete(query_at(ASKED))
        sleeper.over.set()
        pipeline.rest(query_at(ELSEWHERE))
        await let_run()
        assert engine.preparations == []


async def test_no_model_is_loaded_for_a_cursor(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    sleeper.over.set()
    pipeline.rest(query_at(ASKED))
    await let_run()
    assert engine.num_loads == 0
    assert engine.preparations == []


async def test_place_of_the_last_question_is_not_prepared_again(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    sleeper.over.set()
    pipeline.rest(query_at(ASKED))
    await let_run()
    assert engine.preparations == []


async def test_place_of_a_question_that_the_model_was_not_asked_is_prepared(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    amid = ASKED.replace("‸", "").replace("import os", "imp‸ort os")
    await pipeline.complete(query_at(amid, is_automatic=True))
    assert len(engine.requests) == 1
    sleeper.over.set()
    pipeline.rest(query_at(amid))
    await until(lambda: engine.preparations)


async def test_editor_that_says_the_same_twice_has_it_done_once(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    pipeline.rest(query_at(ELSEWHERE))
    pipeline.rest(query_at(ELSEWHERE))
    sleeper.over.set()
    await until(lambda: engine.preparations)
    pipeline.rest(query_at(ELSEWHERE))
    await let_run()
    assert len(engine.preparations) == 1


async def test_only_the_place_where_the_cursor_stays_is_prepared(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    pipeline.rest(query_at(ELSEWHERE))
    pipeline.rest(query_at(FURTHER))
    sleeper.over.set()
    await until(lambda: engine.preparations)
    await let_run()
    [prepared] = engine.preparations
    await pipeline.complete(query_at(FURTHER))
    assert engine.requests[-1].segments == prepared.segments


async def test_question_takes_the_place_of_a_preparation(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    pipeline.rest(query_at(ELSEWHERE))
    await let_run()
    assert sleeper.num_sleeping == 1
    await pipeline.complete(query_at(FURTHER))
    sleeper.over.set()
    await let_run()
    assert engine.preparations == []


async def test_running_request_is_not_disturbed(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    engine.pause_after = 3
    question = asyncio.create_task(pipeline.complete(query_at(ASKED)))
    await until(lambda: engine.requests)
    sleeper.over.set()
    pipeline.rest(query_at(ELSEWHERE))
    await let_run()
    assert engine.preparations == []
    engine.gate.set()
    assert (await question).suggestions


async def test_document_that_has_changed_is_not_prepared(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    sleeper.over.set()
    pipeline.rest(query_at(ELSEWHERE), is_current=lambda: False)
    await let_run()
    assert engine.preparations == []


async def test_closed_document_is_not_prepared(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    pipeline.rest(query_at(ELSEWHERE))
    pipeline.forget(query_at(ELSEWHERE).uri)
    sleeper.over.set()
    await let_run()
    assert engine.preparations == []


async def test_fault_is_logged_and_the_next_question_is_answered(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    engine.error = ErrorReport(kind=ErrorKind.NO_CELLS, message="too few cells")
    sleeper.over.set()
    pipeline.rest(query_at(ELSEWHERE))
    await until(lambda: engine.preparations)
    await let_run()
    assert pipeline.counts.num_prepared == 0
    engine.error = None
    outcome = await pipeline.complete(query_at(ELSEWHERE))
    assert outcome.suggestions


async def test_prompt_that_is_too_long_is_tried_shorter(
    pipeline: CompletionPipeline, engine: WritingEngine, sleeper: Sleeper
) -> None:
    await pipeline.complete(query_at(ASKED))
    engine.error = ErrorReport(kind=ErrorKind.PROMPT_TOO_LONG, message="too long")
    sleeper.over.set()
    pipeline.rest(query_at(ELSEWHERE))
    await until(lambda: len(engine.preparations) == 4)
