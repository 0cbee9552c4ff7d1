"""Any order of questions, keys, cancellations and engine faults: nothing is left over."""

from __future__ import annotations

import asyncio
import random

import pytest

from lsp_server.completion.pipeline import CompletionPipeline
from lsp_server.completion.query import CompletionOutcome, CompletionQuery
from lsp_server.engine.api import EndReason, ErrorKind, ErrorReport
from lsp_server.settings.schema import CompletionSettings, Settings
from tests.support.completion import SHOWN, WritingEngine

SETTINGS = Settings(completion=CompletionSettings(debounce_ms=1))
TEXT = "return a + b"


class Typist:
    """Types, asks, cancels and closes at random; a seed repeats it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.engine = WritingEngine(texts=[TEXT])
        self.pipeline = CompletionPipeline(self.engine, SETTINGS, sleep=self.sleep)
        self.typed = {"u:1": "", "u:2": ""}
        self.tasks: list[asyncio.Task[None]] = []
        self.num_questions = 0

    async def sleep(self, duration_s: float) -> None:
        for _ in range(self.random.randrange(5)):
            await asyncio.sleep(0)

    async def work(self, num_steps: int) -> None:
        actions = [self.type, self.ask, self.ask, self.cancel, self.forget, self.disturb]
        for _ in range(num_steps):
            self.random.choice(actions)()
            for _ in range(self.random.randrange(20)):
                await asyncio.sleep(0)

    def type(self) -> None:
        uri = self.random.choice(list(self.typed))
        along = TEXT[len(self.typed[uri]) :][:1] or "x"
        self.typed[uri] += self.random.choice([along, along, along, "x"])
        if self.random.random() < 0.1:
            self.typed[uri] = ""

    def ask(self) -> None:
        uri = self.random.choice(list(self.typed))
        text = "def add(a, b):\n    " + self.typed[uri]
        query = CompletionQuery(
            uri=uri,
            path=None,
            language="python",
            text=text,
            cursor=len(text),
            num_alternatives=self.random.choice([1, 1, 2]),
            is_automatic=self.random.random() < 0.5,
        )
        self.tasks.append(asyncio.create_task(self.answer(query)))

    async def answer(self, query: CompletionQuery) -> None:
        # Not counted by whoever starts this: a task may be cancelled before it begins.
        self.num_questions += 1
        check(query, await self.pipeline.complete(query))

    def cancel(self) -> None:
        running = [task for task in self.tasks if not task.done()]
        if running:
            self.random.choice(running).cancel()

    def forget(self) -> None:
        if self.random.random() < 0.2:
            self.pipeline.forget(self.random.choice(list(self.typed)))

    def disturb(self) -> None:
        died = ErrorReport(kind=ErrorKind.STOPPED, message="died")
        self.engine.error = self.random.choice([None, None, died])
        self.engine.end_reason = self.random.choice(
            [EndReason.STOP, EndReason.STOP, EndReason.SUPERSEDED, EndReason.TIME]
        )
        self.engine.pause_after = self.random.choice([None, None, 0, 3])
        self.engine.gate.set()
        self.engine.gate = asyncio.Event()
        self.engine.loading = self.random.choice([[], [], [0.0, 0.5]])


def check(query: CompletionQuery, outcome: CompletionOutcome) -> None:
    assert bool(outcome.suggestions) == (outcome.reason in SHOWN)
    for suggestion in outcome.suggestions:
        completed = query.text[: suggestion.start] + suggestion.text
        assert suggestion.start == suggestion.end == query.cursor
        assert completed.endswith(TEXT) or TEXT.startswith(suggestion.text)


@pytest.mark.parametrize("seed", range(40))
async def test_every_question_ends_once_and_every_stream_is_closed(seed: int) -> None:
    before = asyncio.all_tasks()
    typist = Typist(seed)
    await typist.work(num_steps=60)
    typist.engine.pause_after = None
    typist.engine.gate.set()
    results = await asyncio.gather(*typist.tasks, return_exceptions=True)
    faults = [one for one in results if isinstance(one, Exception)]
    assert not faults, f"seed {seed}: {faults}"
    await typist.pipeline.aclose()
    assert typist.engine.num_open == 0, f"seed {seed}"
    assert sum(typist.pipeline.counts.by_reason.values()) == typist.num_questions, f"seed {seed}"
    assert asyncio.all_tasks() == before, f"seed {seed}"
