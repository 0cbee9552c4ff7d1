"""The story of a completion, with an engine that writes what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from lsp_server.completion.pipeline import CompletionPipeline
from lsp_server.completion.query import CompletionOutcome, CompletionQuery, OutcomeReason
from lsp_server.engine.api import (
    EndReason,
    ErrorKind,
    ErrorReport,
    GenerateRequest,
    LoadingEvent,
    Priority,
    TextSegment,
)
from lsp_server.settings.schema import CompletionSettings, Settings
from tests.support.completion import Sleeper, WritingEngine, accepted, query_at, until

SETTINGS = Settings(completion=CompletionSettings(debounce_ms=50))


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["return a + b"])


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
async def pipeline(engine: WritingEngine, sleeper: Sleeper) -> AsyncIterator[CompletionPipeline]:
    pipeline = CompletionPipeline(engine, SETTINGS, sleep=sleeper)
    yield pipeline
    await pipeline.aclose()
    assert engine.num_open == 0, "every stream is closed in the end"


async def ask(pipeline: CompletionPipeline, marked: str, **fields: object) -> CompletionOutcome:
    return await pipeline.complete(query_at(marked, **fields))


def texts_of(request: GenerateRequest) -> list[TextSegment]:
    return [one for one in request.segments if isinstance(one, TextSegment)]


async def check(pipeline: CompletionPipeline, marked: str, expected: str) -> CompletionOutcome:
    """Check what the document becomes when the first suggestion is taken."""
    query = query_at(marked)
    outcome = await pipeline.complete(query)
    assert accepted(query, outcome) == expected
    return outcome


def ask_in_background(
    pipeline: CompletionPipeline, marked: str, **fields: object
) -> asyncio.Task[CompletionOutcome]:
    return asyncio.create_task(ask(pipeline, marked, **fields))


async def test_a_suggestion_comes_with_cost_and_times(pipeline: CompletionPipeline) -> None:
    outcome = await check(pipeline, "def add(a, b):\n    ‸\n", "def add(a, b):\n    return a + b\n")
    assert outcome.reason is OutcomeReason.SHOWN
    assert outcome.suggestions[0].finish_reason is EndReason.STOP
    assert outcome.model == SETTINGS.model.name
    assert (outcome.cost.tokens_computed, outcome.cost.tokens_generated) == (7, 12)
    assert {"gather", "model", "prompt", "generate", "filter", "total"} <= set(outcome.stage_ms)
    assert all(ms >= 0 for ms in outcome.stage_ms.values())
    assert pipeline.counts.by_reason == {"shown": 1}


async def test_the_prompt_holds_the_text_around_the_cursor(
    pipeline: CompletionPipeline, engine: WritingEngine
) -> None:
    await ask(pipeline, "import os\n\ndef f(path):\n    ‸\n\nprint(f('x'))\n")
    assert "import os\n\ndef f(path):\n" in engine.prompt
    assert "print(f('x'))\n" in engine.prompt
    request = engine.requests[0]
    assert request.document_key == "file:///project/a.py"
    assert request.supersedes
    assert request.priority is Priority.GHOST_TEXT


async def test_the_typed_part_of_a_word_is_forced_and_not_suggested_again(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["urn a"]
    await check(pipeline, "def f(a):\n    ret‸", "def f(a):\n    return a")
    request = engine.requests[0]
    assert request.forced_prefix.endswith("ret")
    assert "ret" not in "".join(one.text for one in texts_of(request))


async def test_windows_documents_are_prompted_with_newlines_and_answered_in_kind(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["\n    x = 1\n    y = 2"]
    await check(
        pipeline,
        "# one\r\ndef f():‸\r\nf()\r\n",
        "# one\r\ndef f():\r\n    x = 1\r\n    y = 2\r\nf()\r\n",
    )
    assert "\r" not in engine.prompt


async def test_emoji_before_the_cursor_move_nothing(pipeline: CompletionPipeline) -> None:
    await check(pipeline, "s = '😀'\r\n# 漢字\r\n‸\r\n", "s = '😀'\r\n# 漢字\r\nreturn a + b\r\n")


async def test_documents_without_a_file_and_unknown_languages_are_completed(
    pipeline: CompletionPipeline,
) -> None:
    outcome = await ask(pipeline, "‸", uri="untitled:1", path=None, language="klingon")
    assert outcome.suggestions


async def test_our_stop_rule_closes_the_stream(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["\n    return a\nnext_thing()\nand so on\n"]
    outcome = await check(pipeline, "def f(a):‸", "def f(a):\n    return a")
    assert outcome.suggestions[0].finish_reason is EndReason.STOP
    assert outcome.cost.tokens_generated == len("\n    return a\nnext_thing()\n")
    assert outcome.cost.tokens_computed == 7, "what was told of the prompt before the text"
    assert pipeline.counts.by_rule == {"stop_at_outdent": 1}


async def test_alternatives_are_different_and_drawn_by_lot(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["one", "two", "one "]
    outcome = await ask(pipeline, "xyz = ‸", num_alternatives=3)
    assert [one.text for one in outcome.suggestions] == ["one", "two"]
    assert engine.requests[0].sampling.temperature > 0


async def test_an_alternative_that_we_stopped_does_not_end_the_others(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["\n    a\nb\nc\n", "\n    d"]
    outcome = await ask(pipeline, "def f():‸", num_alternatives=2)
    assert [one.text for one in outcome.suggestions] == ["\n    a", "\n    d"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("  \n", OutcomeReason.EMPTY), ("x = 1", OutcomeReason.FILTERED)],
)
async def test_nothing_to_show_has_a_reason(
    engine: WritingEngine, pipeline: CompletionPipeline, text: str, reason: OutcomeReason
) -> None:
    engine.texts = [text]
    outcome = await ask(pipeline, "‸\nx = 1\n")
    assert (outcome.reason, outcome.suggestions) == (reason, ())


async def test_typing_along_needs_no_second_request(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    await ask(pipeline, "def add(a, b):\n    ‸\n")
    for typed in ["r", "re", "return ", "return a +"]:
        outcome = await check(
            pipeline,
            f"def add(a, b):\n    {typed}‸\n",
            "def add(a, b):\n    return a + b\n",
        )
        assert outcome.reason is OutcomeReason.REMEMBERED
    assert len(engine.requests) == 1
    await ask(pipeline, "def add(a, b):\n    x‸\n")
    assert len(engine.requests) == 2


async def test_an_auto_closed_bracket_keeps_the_suggestion(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["(a, b):\n    return a + b"]
    await ask(pipeline, "def add‸")
    outcome = await check(pipeline, "def add(‸)", "def add(a, b):\n    return a + b")
    assert outcome.reason is OutcomeReason.REMEMBERED


async def test_a_question_that_fits_joins_the_running_request(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["result + b"]
    engine.pause_after = 3
    first = ask_in_background(pipeline, "xyz = ‸")
    await until(lambda: engine.requests)
    second = ask_in_background(pipeline, "xyz = re‸")
    third = ask_in_background(pipeline, "xyz = result‸")
    await asyncio.sleep(0)
    engine.gate.set()
    assert [(await task).suggestions[0].text for task in (first, second, third)] == [
        "result + b",
        "sult + b",
        " + b",
    ]
    assert len(engine.requests) == 1


async def test_a_joined_request_is_left_when_it_says_something_else(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["(a + b)"]
    engine.pause_after = 1
    first = ask_in_background(pipeline, "xyz = ‸")
    await until(lambda: engine.requests)
    second = ask_in_background(pipeline, "xyz = rex‸")
    await asyncio.sleep(0)
    engine.gate.set()
    assert (await second).reason is OutcomeReason.SHOWN
    assert len(engine.requests) == 2
    await first


async def test_a_question_that_does_not_fit_supersedes_the_running_request(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.pause_after = 1
    first = ask_in_background(pipeline, "xyz = ‸")
    await until(lambda: engine.num_open)
    second = ask_in_background(pipeline, "other = ‸")
    assert (await first).reason is OutcomeReason.SUPERSEDED
    engine.gate.set()
    assert (await second).reason is OutcomeReason.SHOWN
    assert pipeline.counts.by_reason == {"shown": 1, "superseded": 1}


async def test_documents_do_not_supersede_each_other(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.pause_after = 1
    first = ask_in_background(pipeline, "xyz = ‸")
    second = ask_in_background(pipeline, "xyz = ‸", uri="file:///b.py")
    await until(lambda: len(engine.requests) == 2)
    engine.gate.set()
    assert {(await first).reason, (await second).reason} == {OutcomeReason.SHOWN}


async def test_cancelling_closes_the_stream(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.pause_after = 2
    task = ask_in_background(pipeline, "xyz = ‸")
    await until(lambda: engine.num_open)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: engine.num_open == 0)
    assert pipeline.counts.by_reason == {"cancelled": 1}


async def test_cancelling_one_of_two_that_wait_leaves_the_other(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["result + b"]
    engine.pause_after = 2
    first = ask_in_background(pipeline, "xyz = ‸")
    await until(lambda: engine.requests)
    second = ask_in_background(pipeline, "xyz = r‸")
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    engine.gate.set()
    assert (await second).suggestions[0].text == "esult + b"
    assert len(engine.requests) == 1


async def test_automatic_questions_wait_and_only_the_newest_asks(
    engine: WritingEngine, pipeline: CompletionPipeline, sleeper: Sleeper
) -> None:
    engine.texts = ["um(a, b)"]
    first = ask_in_background(pipeline, "value = ‸", is_automatic=True)
    await until(lambda: len(sleeper.durations_s) == 1)
    second = ask_in_background(pipeline, "value = s‸", is_automatic=True)
    await until(lambda: len(sleeper.durations_s) == 2)
    assert sleeper.durations_s == [0.05, 0.05]
    assert not engine.requests
    sleeper.over.set()
    assert (await first).reason is OutcomeReason.DEBOUNCED
    assert (await second).reason is OutcomeReason.SHOWN
    assert len(engine.requests) == 1


async def test_a_question_cancelled_while_it_waits_counts_as_debounced(
    engine: WritingEngine, pipeline: CompletionPipeline, sleeper: Sleeper
) -> None:
    task = ask_in_background(pipeline, "value = ‸", is_automatic=True)
    await until(lambda: sleeper.durations_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pipeline.counts.by_reason == {"debounced": 1}
    assert not engine.requests


async def test_typing_in_the_middle_of_text_asks_nothing_but_a_person_may(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    marked = "value = comp‸ute(1)"
    outcome = await ask(pipeline, marked, is_automatic=True)
    assert outcome.reason is OutcomeReason.TEXT_RIGHT_OF_CURSOR
    assert not engine.requests
    await ask(pipeline, marked)
    assert engine.requests


async def test_an_answer_to_an_older_text_is_stale_and_still_remembered(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    query = query_at("xyz = ‸")
    outcome = await pipeline.complete(query, is_current=lambda: False)
    assert (outcome.reason, outcome.suggestions) == (OutcomeReason.STALE, ())
    assert (await pipeline.complete(query)).reason is OutcomeReason.REMEMBERED
    assert pipeline.counts.by_reason == {"remembered": 1, "stale": 1}


@pytest.mark.parametrize(
    ("end_reason", "reason"),
    [
        (EndReason.SUPERSEDED, OutcomeReason.SUPERSEDED),
        (EndReason.CANCELLED, OutcomeReason.CANCELLED),
    ],
)
async def test_what_the_engine_interrupts_is_not_shown(
    engine: WritingEngine,
    pipeline: CompletionPipeline,
    end_reason: EndReason,
    reason: OutcomeReason,
) -> None:
    engine.end_reason = end_reason
    outcome = await ask(pipeline, "xyz = ‸")
    assert (outcome.reason, outcome.suggestions) == (reason, ())


async def test_text_that_ran_out_of_time_is_shown(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.end_reason = EndReason.TIME
    outcome = await ask(pipeline, "xyz = ‸")
    assert outcome.suggestions[0].finish_reason is EndReason.TIME


async def test_an_engine_error_is_an_outcome(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.error = ErrorReport(kind=ErrorKind.STOPPED, message="the engine died")
    outcome = await ask(pipeline, "xyz = ‸")
    assert (outcome.reason, outcome.error) == (OutcomeReason.FAILED, engine.error)
    engine.error = None
    assert (await ask(pipeline, "xyz = ‸")).reason is OutcomeReason.SHOWN


async def test_a_model_without_infill_is_refused_by_name(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.fim_format = None
    outcome = await ask(pipeline, "xyz = ‸")
    assert outcome.reason is OutcomeReason.FAILED
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.CANNOT_INFILL
    assert SETTINGS.model.name in outcome.error.message
    assert "the test said so" in outcome.error.message
    assert not engine.requests


async def test_windows_fit_a_small_context(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.context_tokens = 500
    line = "x = 1  # a line of text\n"
    await ask(pipeline, line * 100 + "‸\n" + line * 100)
    assert 100 < len(engine.prompt) < 500 - SETTINGS.completion.max_tokens


async def test_a_prompt_that_is_too_long_is_tried_smaller(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.error = ErrorReport(kind=ErrorKind.PROMPT_TOO_LONG, message="too long")
    line = "x = 1  # a line of text\n"
    outcome = await ask(pipeline, line * 300 + "‸\n")
    assert outcome.error == engine.error
    lengths = [len(str(request.segments)) for request in engine.requests]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 4


async def test_loading_is_reported_to_its_end_and_not_cancelled_by_typing(
    engine: WritingEngine,
) -> None:
    events: list[LoadingEvent] = []
    pipeline = CompletionPipeline(engine, SETTINGS, events.append)
    engine.loading = [0.0, 0.5]
    first = ask_in_background(pipeline, "xyz = ‸")
    await until(lambda: events)
    first.cancel()
    await ask(pipeline, "xyz = 1 + ‸")
    assert [event.fraction for event in events] == [0.0, 0.5, 1.0]
    assert engine.num_loads == 1
    await pipeline.aclose()


async def test_a_model_that_was_unloaded_is_loaded_before_time_counts(
    engine: WritingEngine,
) -> None:
    events: list[LoadingEvent] = []
    pipeline = CompletionPipeline(engine, SETTINGS, events.append)
    await ask(pipeline, "xyz = ‸")
    engine.loading = [0.0, 0.3, 0.9]
    outcome = await ask(pipeline, "abc = ‸")
    assert outcome.reason is OutcomeReason.SHOWN
    assert engine.num_loads == 2
    assert [event.fraction for event in events][-1] == 1.0
    await pipeline.aclose()


async def test_so_far_gives_complete_lines_of_a_running_request(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    engine.texts = ["\n    first = 1\n    second"]
    engine.pause_after = len("\n    first = 1\n    sec")
    marked = "def f():‸"
    task = ask_in_background(pipeline, marked)
    assert pipeline.so_far(query_at(marked)) == ()
    await until(lambda: pipeline.so_far(query_at(marked)))
    assert [one.text for one in pipeline.so_far(query_at(marked))] == ["\n    first = 1"]
    engine.gate.set()
    await task


async def test_forgetting_a_document_ends_its_request_and_its_memory(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    query: CompletionQuery = query_at("xyz = ‸")
    await pipeline.complete(query)
    engine.pause_after = 0
    running = ask_in_background(pipeline, "abc = ‸")
    await until(lambda: engine.num_open)
    pipeline.forget(query.uri)
    assert (await running).reason is OutcomeReason.SUPERSEDED
    engine.gate.set()
    assert (await pipeline.complete(query)).reason is OutcomeReason.SHOWN
