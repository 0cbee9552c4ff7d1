"""Crowds of requests on a real model, most of which go away at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from lsp_server.engine import step_loop
from lsp_server.engine.api import (
    EndEvent,
    EndReason,
    Event,
    GenerateRequest,
    Priority,
    TextEvent,
    TokenText,
)
from lsp_server.engine.kv_cache import KeepPolicy, KvCache
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.local import LocalEngine
from lsp_server.engine.model_worker import ModelWorker
from lsp_server.engine.runners.fake_models import load_fake_model
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from tests.support.engine import EngineHarness, fim_segments, make_request

NUM_REQUESTS = 1_000
SHARE_CANCELLED = 0.9
DEADLINE_S = 120.0
#: Of log-probabilities, by cells in F16 and other neighbours in a step.
MOST_ROUNDING = 0.05
SOURCE = Path(__file__).parents[2] / "lsp_server" / "engine" / "prompt_tokens.py"


def load_runner(path: Path) -> LlamaCppRunner:
    file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))
    return LlamaCppRunner(file, LlamaSettings(1_024, 1, 8))


class OpenRunner(LlamaCppRunner):
    """Stays open when the engine closes it, so that its cells can be looked at."""

    def close(self) -> None:
        """Wait for `close_at_last`."""

    def close_at_last(self) -> None:
        super().close()


class Crowd:
    """An engine whose cache can be looked at when it is closed."""

    def __init__(self, path: Path, keep: KeepPolicy, num_cells: int) -> None:
        file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))
        self.runner = OpenRunner(file, LlamaSettings(num_cells, 1, 8))
        self._keep = keep
        self.engine = LocalEngine(self._load)

    def _load(self, _model: str, report_progress: ReportProgress) -> LoadedRunner:
        info = load_fake_model("fake", report_progress).info
        return LoadedRunner(self.runner, info, keep=self._keep)

    async def cache_at_the_end(self) -> KvCache:
        """End the engine; return the cache that it leaves."""
        [worker] = self.engine._pool.workers
        cache = _cache_of(worker)
        await self.engine.aclose()
        return cache


def _cache_of(worker: ModelWorker) -> KvCache:
    assert worker._loop is not None
    return worker._loop._cache


@pytest_asyncio.fixture
async def exact(tiny_model: Path) -> AsyncIterator[Crowd]:
    crowd = Crowd(tiny_model, KeepPolicy(max_age=0, max_saved_bytes=200_000), num_cells=1_024)
    yield crowd
    await crowd.engine.aclose()
    crowd.runner.close_at_last()


@pytest_asyncio.fixture
async def refreshing(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Crowd]:
    """An engine that refreshes and tidies as soon as it has nothing else to do."""
    monkeypatch.setattr(step_loop, "_PAUSE_AFTER_S", 0.0)
    monkeypatch.setattr(step_loop, "_LONG_PAUSE_AFTER_S", 0.0)
    crowd = Crowd(tiny_model, KeepPolicy(max_age=4, max_saved_bytes=10_000_000), num_cells=4_096)
    yield crowd
    await crowd.engine.aclose()
    crowd.runner.close_at_last()


def random_request(chance: random.Random) -> GenerateRequest:
    """Return a request for an edited text, of one of some documents."""
    text = SOURCE.read_text()[:400]
    place = chance.randrange(len(text))
    text = text[:place] + chance.choice(["", "x", "\n    return"]) + text[place + 5 :]
    cut = chance.randrange(len(text))
    return make_request(
        fim_segments(text[:cut], text[cut:]),
        max_tokens=chance.randrange(1, 12),
        document_key=chance.choice(["", "a", "b", "c", "d"]),
        priority=chance.choice(list(Priority)),
        num_alternatives=chance.choice([1, 1, 1, 3]),
        supersedes=chance.random() < 0.02,
        want_logprobs=True,
    )


class Answered(NamedTuple):
    """The tokens of the first alternative, and the end."""

    tokens: list[TokenText]
    end: EndEvent


async def ask(engine: LocalEngine, request: GenerateRequest) -> Answered:
    events = [event async for event in engine.generate(request)]
    return answered(events)


def answered(events: list[Event]) -> Answered:
    end = events[-1]
    assert isinstance(end, EndEvent)
    texts = [event for event in events if isinstance(event, TextEvent) and event.alternative == 0]
    return Answered([token for text in texts for token in text.tokens], end)


def assert_same_answer(ours: Answered, fresh: Answered) -> None:
    """Check that answers are the same up to where two tokens are as likely but for rounding.

    What is computed together with what depends on the time, and so do the last bits.
    """
    assert fresh.tokens
    for our_token, fresh_token in zip(ours.tokens, fresh.tokens, strict=False):
        assert our_token.logprob is not None
        assert our_token.logprob == pytest.approx(fresh_token.logprob, abs=MOST_ROUNDING)
        if our_token.text != fresh_token.text:
            return
    assert len(ours.tokens) == len(fresh.tokens)


async def ask_for_a_while(
    engine: LocalEngine, request: GenerateRequest, patience_s: float | None
) -> Answered | None:
    """Return the answer; `None` if patience ended first, which cancels the request."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            return await ask(engine, request)
    return None


async def test_answers_are_right_beside_many_that_are_cancelled(
    exact: Crowd, tiny_model: Path
) -> None:
    chance = random.Random(1)
    await ask(exact.engine, random_request(chance))
    tasks: list[tuple[GenerateRequest, asyncio.Task[Answered | None]]] = []
    for _ in range(NUM_REQUESTS):
        request = random_request(chance)
        is_cancelled = chance.random() < SHARE_CANCELLED
        patience_s = chance.expovariate(1 / 0.05) if is_cancelled else None
        task = asyncio.create_task(ask_for_a_while(exact.engine, request, patience_s))
        tasks.append((request, task))
        if len(tasks) % 20 == 0:
            await asyncio.wait([each for _, each in tasks[-20:]], return_when="FIRST_COMPLETED")
    answers = [(request, await task) for request, task in tasks]
    cache = await exact.cache_at_the_end()
    assert cache.num_cells_running == 0
    assert cache.num_cells_reserved == 0
    cache.check_integrity()
    cache.evict_all()
    cache.check_integrity()
    assert cache.num_cells_used == 0
    assert [exact.runner.end_position(number) for number in range(8)] == [0] * 8
    assert sum(answer is None for _, answer in answers) > NUM_REQUESTS // 2
    fresh_runner = load_runner(tiny_model)
    fresh = EngineHarness(fresh_runner)
    num_compared = 0
    for request, answer in answers:
        if answer is None or EndReason.SUPERSEDED in answer.end.reasons:
            continue
        assert answer.end.error is None
        num_compared += 1
        heard = fresh.submit(request)
        fresh.run(checks_steps=False)
        fresh.cache.evict_all()
        assert_same_answer(answer, answered(heard.events))
    assert num_compared > NUM_REQUESTS // 50
    fresh_runner.close()


async def test_refreshing_between_requests_loses_no_cell_and_leaves_right_answers(
    refreshing: Crowd, tiny_model: Path
) -> None:
    chance = random.Random(2)
    engine = refreshing.engine
    text = SOURCE.read_text()[:600]
    for _ in range(150):
        place = chance.randrange(len(text) - 40)
        new = chance.choice(["x", "y = 1\n", ""])
        text = text[:place] + new + text[place + 5 * (len(text) > 550) :]
        request = make_request(
            fim_segments(text[:300], text[300:]),
            max_tokens=3,
            document_key=chance.choice("ab"),
            supersedes=True,
        )
        patience_s = chance.choice([None, 0.01])
        await ask_for_a_while(engine, request, patience_s)
        # The person thinks, for no time up to that of some chunks.
        await asyncio.sleep(chance.choice([0.0, 0.0, 0.002, 0.02]))
    segments = fim_segments(text[:300], text[300:])
    question = make_request(segments, max_tokens=8, document_key="a", want_logprobs=True)
    await ask(engine, question)
    [worker] = engine._pool.workers
    async with asyncio.timeout(DEADLINE_S):
        while worker._loop is not None and worker._loop.pause_s is not None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.002)
    answer = await ask(engine, question)
    assert answer.end.cost.tokens_computed == 1
    status = (await engine.status()).models[0]
    assert status.totals.idle > 0
    cache = await refreshing.cache_at_the_end()
    cache.check_integrity()
    cache.evict_all()
    cache.check_integrity()
    assert cache.num_cells_used == 0
    fresh_runner = load_runner(tiny_model)
    heard = EngineHarness(fresh_runner, keep=KeepPolicy(max_age=0)).answer(question)
    assert_same_answer(answer, answered(heard.events))
    fresh_runner.close()
