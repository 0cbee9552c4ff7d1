"""Random requests, cancellations, priorities and failures in random order."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lsp_server.engine.api import (
    EndReason,
    GenerateRequest,
    Limits,
    Priority,
    Sampling,
    TextSegment,
)
from lsp_server.engine.runners.base import RunnerLimits
from lsp_server.errors import EngineError
from tests.support.engine import Heard, SchedulerHarness, make_request

LIMITS = RunnerLimits(context_tokens=64, num_cells=96, max_sequences=4, max_batch_tokens=32)

requests = st.builds(
    make_request,
    prompt=st.text("ab", min_size=1, max_size=70),
    max_tokens=st.integers(0, 20),
    document_key=st.sampled_from(["", "a.py", "b.py", "c.py"]),
    priority=st.sampled_from(Priority),
    num_alternatives=st.integers(1, 5),
    supersedes=st.booleans(),
    forced_prefix=st.sampled_from(["", "x", "yz"]),
    sampling=st.builds(Sampling, temperature=st.just(1.0), seed=st.integers(0, 3)),
)


class SchedulerMachine(RuleBasedStateMachine):
    """Whatever happens: every cell has its owners, every request ends once, answers are right."""

    def __init__(self) -> None:
        super().__init__()
        self.harness = SchedulerHarness(limits=LIMITS)
        self.requests: list[tuple[GenerateRequest, Heard]] = []

    @rule(request=requests, max_ms=st.none() | st.integers(1, 50))
    def submit(self, request: GenerateRequest, max_ms: int | None) -> None:
        limits = Limits(max_tokens=request.limits.max_tokens, max_ms=max_ms)
        fields: dict[str, Any] = {
            name: getattr(request, name) for name in request.__struct_fields__ if name != "limits"
        }
        request = GenerateRequest(**fields, limits=limits)
        self.requests.append((request, self.harness.submit(request)))

    @precondition(lambda self: not self.harness.scheduler.is_idle)
    @rule(num_steps=st.integers(1, 5))
    def step(self, num_steps: int) -> None:
        for _ in range(num_steps):
            self.harness.clock.now_s += 0.001
            self.harness.step()

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        _, heard = data.draw(st.sampled_from(self.requests))
        self.harness.cancel(heard)

    @rule(num_done=st.integers(0, 31))
    def abort(self, num_done: int) -> None:
        """A step is aborted after some of its tokens."""
        step = self.harness.scheduler.schedule()
        if step.chunks:
            done = step.batch()[:num_done]
            if done:
                self.harness.runner.forward(done)
            self.harness.scheduler.take_in(step, None)
        self.harness.check()

    @rule(num_done=st.integers(0, 31))
    def fail(self, num_done: int) -> None:
        """A step fails after some of its tokens."""
        step = self.harness.scheduler.schedule()
        if step.chunks:
            done = step.batch()[:num_done]
            if done:
                self.harness.runner.forward(done)
            self.harness.scheduler.fail(step, EngineError("failed"))
        self.harness.check()

    @invariant()
    def ends_at_most_once(self) -> None:
        assert all(len(heard.ends) <= 1 for _, heard in self.requests)

    def teardown(self) -> None:
        self.harness.run()
        assert self.harness.cache.num_cells_running == 0
        assert self.harness.cache.num_cells_reserved == 0
        for request, heard in self.requests:
            self.check_answer(request, heard)
        self.harness.cache.evict_all()
        self.harness.check()
        assert self.harness.cache.num_cells_used == 0

    def check_answer(self, request: GenerateRequest, heard: Heard) -> None:
        """A request that ran to its end answers what a fresh engine answers."""
        whole = {EndReason.STOP, EndReason.LENGTH}
        if heard.end.error is not None or not whole.issuperset(heard.reasons):
            return
        fresh = SchedulerHarness(limits=LIMITS).answer(request)
        assert heard.reasons == fresh.reasons
        for index in range(request.num_alternatives):
            assert heard.text(index) == fresh.text(index)
        cost = heard.end.cost
        texts = [one.text for one in request.segments if isinstance(one, TextSegment)]
        assert len(texts) == len(request.segments), "the fake model counts a text's bytes"
        num_prompt_tokens = 1 + sum(map(len, texts))
        # Who gave its cells away may have to compute some tokens twice.
        num_accounted = cost.tokens_reused + cost.tokens_shifted + cost.tokens_computed
        assert num_accounted >= num_prompt_tokens
        assert cost.tokens_generated == fresh.end.cost.tokens_generated


TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
