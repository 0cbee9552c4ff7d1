"""Requests with defaults, and a scheduler on the fake model that is checked after every step."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lsp_server.engine.api import (
    EndEvent,
    EndReason,
    Event,
    GenerateRequest,
    Limits,
    MarkerRole,
    MarkerSegment,
    Part,
    Segment,
    TextEvent,
    TextSegment,
)
from lsp_server.engine.job import Job
from lsp_server.engine.kv_cache import KeepPolicy, KvCache
from lsp_server.engine.preparation import RequestPreparer
from lsp_server.engine.refresh import Refresher
from lsp_server.engine.runners.base import Runner, RunnerLimits
from lsp_server.engine.runners.fake import FakeRunner, NextLogits, exact_digests, hashed_logits
from lsp_server.engine.scheduler import Scheduler
from lsp_server.engine.step import Step
from lsp_server.engine.step_sizes import StepPolicy
from lsp_server.engine.tidying import Tidier


class FakeClock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def text_segment(text: str, part: Part = Part.PREFIX, document: str = "a.py") -> TextSegment:
    return TextSegment(text=text, document=document, part=part)


def fim_segments(prefix: str, suffix: str = "", tail: str = "") -> tuple[Segment, ...]:
    """Return a prompt in the anchored layout."""
    return (
        MarkerSegment(role=MarkerRole.FIM_PREFIX),
        text_segment(prefix),
        MarkerSegment(role=MarkerRole.FIM_SUFFIX),
        text_segment(suffix, Part.SUFFIX),
        MarkerSegment(role=MarkerRole.FIM_MIDDLE),
        text_segment(tail, Part.TAIL),
    )


def make_request(
    prompt: str | tuple[Segment, ...] = "def f(x):", max_tokens: int = 8, **fields: Any
) -> GenerateRequest:
    segments = (text_segment(prompt),) if isinstance(prompt, str) else prompt
    fields.setdefault("request_id", "test")
    fields.setdefault("model", "fake")
    fields.setdefault("limits", Limits(max_tokens=max_tokens))
    return GenerateRequest(segments=segments, **fields)


class Heard:
    """What one request was told."""

    def __init__(self, arrival: int) -> None:
        self.arrival = arrival
        self.events: list[Event] = []

    @property
    def ends(self) -> list[EndEvent]:
        return [event for event in self.events if isinstance(event, EndEvent)]

    @property
    def end(self) -> EndEvent:
        assert len(self.ends) == 1, f"exactly one end event, not {self.ends}"
        assert self.events[-1] is self.ends[0], "the end event comes last"
        return self.ends[0]

    @property
    def reasons(self) -> tuple[EndReason, ...]:
        return self.end.reasons

    def text(self, alternative: int = 0) -> str:
        return "".join(
            event.text
            for event in self.events
            if isinstance(event, TextEvent) and event.alternative == alternative
        )

    def logprobs(self, alternative: int = 0) -> list[float | None]:
        return [
            token.logprob
            for event in self.events
            if isinstance(event, TextEvent) and event.alternative == alternative
            for token in event.tokens
        ]


SMALL_LIMITS = RunnerLimits(context_tokens=512, num_cells=512, max_sequences=8, max_batch_tokens=64)


class EngineHarness:
    """A scheduler with its cache over any runner; every step is followed by a check."""

    def __init__(
        self,
        runner: Runner,
        policy: StepPolicy | None = None,
        keep: KeepPolicy | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.cache = KvCache(runner, keep)
        self.refresher = Refresher(self.cache, max_tokens=16)
        self.tidier = Tidier(self.cache)
        policy = policy or StepPolicy.for_batches_of(runner.limits.max_batch_tokens)
        self.scheduler = Scheduler(self.cache, policy, self.clock)
        self._any_runner = runner
        self._preparer = RequestPreparer("fake", runner.vocabulary, runner.limits)
        self._num_taken = 0

    def prepare(self, request: GenerateRequest | None = None, **fields: Any) -> tuple[Heard, Job]:
        heard = Heard(self._num_taken)
        self._num_taken += 1
        job = self._preparer.prepare(
            request or make_request(**fields),
            arrival=heard.arrival,
            taken_s=self.clock.now_s,
            emit=heard.events.append,
        )
        return heard, job

    def submit(self, request: GenerateRequest | None = None, **fields: Any) -> Heard:
        heard, job = self.prepare(request, **fields)
        self.scheduler.submit(job)
        self.check()
        return heard

    def cancel(self, heard: Heard) -> None:
        self.scheduler.end(heard.arrival, EndReason.CANCELLED)
        self.check()

    def step(self, *, checks: bool = True) -> Step:
        step = self.scheduler.schedule()
        if step.chunks:
            self.scheduler.take_in(step, self._any_runner.forward(step.batch()))
        if checks:
            self.check()
        return step

    def run(self, max_steps: int = 10_000, *, checks_steps: bool = True) -> None:
        """Run until there is nothing to do; it is checked after every step, or at the end."""
        for _ in range(max_steps):
            if self.scheduler.is_idle:
                self.check()
                return
            self.step(checks=checks_steps)
        raise AssertionError(f"still busy after {max_steps} steps")

    def refresh(self, max_chunks: int = 1_000, *, abort: bool = False) -> int:
        """Compute stale tokens again; return how many were computed."""
        num_tokens = 0
        for _ in range(max_chunks):
            chunk = self.refresher.next_chunk()
            if chunk is None:
                break
            if not abort:
                assert self._any_runner.forward(chunk.batch()) is not None
            num_tokens += self.refresher.take_in(chunk, was_aborted=abort)
            self.check()
        return num_tokens

    def tidy(self) -> None:
        """Do what is done in a long pause."""
        while self.tidier.has_work:
            self.tidier.tidy_once()
            self.check()

    def answer(self, request: GenerateRequest | None = None, **fields: Any) -> Heard:
        heard = self.submit(request, **fields)
        self.run()
        return heard

    def check(self) -> None:
        self.cache.check_integrity()


class SchedulerHarness(EngineHarness):
    """The harness over the fake runner, whose cells are compared one by one."""

    def __init__(
        self,
        next_logits: NextLogits = hashed_logits,
        limits: RunnerLimits = SMALL_LIMITS,
        policy: StepPolicy | None = None,
        keep: KeepPolicy | None = None,
        *,
        can_shift: bool = True,
    ) -> None:
        self.runner = FakeRunner(next_logits, limits, can_shift=can_shift)
        super().__init__(self.runner, policy, keep)

    def check(self) -> None:
        """Check that our cells and the runner's agree, owner by owner."""
        super().check()
        ours: dict[int, tuple[int, set[int]]] = {}
        for sequence in self.cache.sequences:
            for position, cell in enumerate(sequence.cells):
                ours.setdefault(cell, (position, set()))[1].add(sequence.sequence_id)
            for island in sequence.side_sequences:
                for offset, cell in enumerate(island.cells):
                    place = (island.start + offset, set[int]())
                    ours.setdefault(cell, place)[1].add(island.sequence_id)
        expected = Counter((position, frozenset(ids)) for position, ids in ours.values())
        theirs = Counter(
            (cell.position, frozenset(cell.owners)) for cell in self.runner.cells.values()
        )
        assert theirs == expected, "every cell has the owners that the cache believes in"
        for sequence in self.cache.sequences:
            held = {
                cell.position: cell
                for cell in self.runner.cells.values()
                if sequence.sequence_id in cell.owners
            }
            cells = [held[i] for i in range(len(held))]
            assert [cell.token for cell in cells] == sequence.tokens, "cells hold the tokens"
            digests = [cell.digest for cell in cells[: sequence.num_exact]]
            expected_digests = exact_digests(sequence.tokens[: sequence.num_exact])
            assert digests == expected_digests, "what is called exact equals a full recompute"
