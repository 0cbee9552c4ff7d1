from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lsp_server.engine.api import (
    EndReason,
    ErrorKind,
    Limits,
    Priority,
    PromptEvent,
    Sampling,
    StopRules,
)
from lsp_server.engine.runners.fake import scripted_logits
from lsp_server.engine.step_sizes import StepPolicy
from lsp_server.errors import EngineError
from tests.support.engine import SMALL_LIMITS, SchedulerHarness, fim_segments

SCRIPT = "return a + b"


def writing(script: str = SCRIPT) -> SchedulerHarness:
    return SchedulerHarness(scripted_logits(script))


# The answer


def test_answer_ends_with_the_end_token() -> None:
    heard = writing().answer(max_tokens=50)
    assert heard.text() == SCRIPT
    assert heard.reasons == (EndReason.STOP,)


def test_answer_ends_at_max_tokens() -> None:
    heard = writing().answer(max_tokens=6)
    assert heard.text() == "return"
    assert heard.reasons == (EndReason.LENGTH,)


def test_answer_ends_before_a_stop_text() -> None:
    heard = writing().answer(max_tokens=50, stop=StopRules(texts=(" +",)))
    assert heard.text() == "return a"
    assert heard.reasons == (EndReason.STOP,)


def test_answer_ends_after_max_lines() -> None:
    heard = writing("a\nb\nc\n").answer(max_tokens=50, stop=StopRules(max_lines=2))
    assert heard.text() == "a\nb"


def test_answer_goes_on_after_the_forced_prefix() -> None:
    heard = writing().answer(max_tokens=50, forced_prefix="ret")
    assert heard.text() == "urn a + b"


def test_forced_prefix_overrules_the_model() -> None:
    heard = writing("xyz").answer(max_tokens=50, forced_prefix="ab")
    assert heard.text() == "xyz"


def test_answer_is_cut_where_the_context_ends() -> None:
    harness = writing("x" * 1000)
    heard = harness.answer(prompt="p" * 500, max_tokens=100)
    # BOS and 500 bytes leave 11 positions, and the last token needs none.
    assert len(heard.text()) == 12
    assert heard.reasons == (EndReason.LENGTH,)


def test_warming_computes_the_prompt_and_writes_nothing() -> None:
    harness = writing()
    heard = harness.answer(prompt="def f", max_tokens=0)
    assert heard.text() == ""
    assert heard.reasons == (EndReason.LENGTH,)
    assert heard.end.cost.tokens_computed == len("def f") + 1


def test_warming_what_is_warm_computes_nothing() -> None:
    harness = writing()
    harness.answer(prompt="def f", max_tokens=0)
    num_forwards = harness.runner.num_forwards
    heard = harness.answer(prompt="def f", max_tokens=0)
    assert heard.end.cost.tokens_computed == 0
    assert harness.runner.num_forwards == num_forwards


def test_log_probabilities_come_when_they_are_wanted() -> None:
    heard = writing().answer(max_tokens=4, want_logprobs=True)
    assert all(logprob is not None and logprob < 0 for logprob in heard.logprobs())
    assert len(heard.logprobs()) == 4


# Alternatives


def test_alternatives_are_what_they_would_be_alone() -> None:
    sampling = Sampling(temperature=1.0, top_k=0, seed=11)
    together = SchedulerHarness().answer(sampling=sampling, num_alternatives=4, max_tokens=12)
    for index in range(4):
        alone_sampling = Sampling(temperature=1.0, top_k=0, seed=11 + index)
        alone = SchedulerHarness().answer(sampling=alone_sampling, max_tokens=12)
        assert together.text(index) == alone.text()


def test_alternatives_compute_their_prompt_once() -> None:
    harness = SchedulerHarness()
    heard = harness.answer(prompt="p" * 99, num_alternatives=4, max_tokens=1)
    assert heard.end.cost.tokens_computed == 100
    assert harness.runner.num_tokens_forwarded == 100


def test_alternatives_end_each_for_its_own_reason() -> None:
    heard = SchedulerHarness().answer(
        sampling=Sampling(temperature=1.0, top_k=0, seed=3),
        num_alternatives=8,
        max_tokens=20,
        stop=StopRules(texts=("a", "e", "\x10")),
    )
    assert set(heard.reasons) == {EndReason.STOP, EndReason.LENGTH}


def test_same_seed_gives_the_same_answer() -> None:
    sampling = Sampling(temperature=1.0, seed=5)
    texts = {SchedulerHarness().answer(sampling=sampling).text() for _ in range(3)}
    assert len(texts) == 1


# Steps


def test_prefill_runs_in_chunks_of_the_budget() -> None:
    harness = SchedulerHarness(policy=StepPolicy(max_step_tokens=32, min_prefill_tokens=16))
    harness.submit(prompt="p" * 99, max_tokens=1)
    sizes = []
    while not harness.scheduler.is_idle:
        sizes.append(sum(chunk.end - chunk.start for chunk in harness.step().chunks))
    assert sizes == [32, 32, 32, 4]


def test_decoding_goes_before_prefill_in_one_step() -> None:
    harness = SchedulerHarness()
    harness.submit(prompt="a", document_key="a", max_tokens=20)
    harness.step()
    harness.submit(prompt="p" * 99, document_key="b", max_tokens=1)
    chunks = harness.step().chunks
    assert [chunk.end - chunk.start for chunk in chunks] == [1, 63]


def test_many_decoding_sequences_leave_room_for_prefill() -> None:
    policy = StepPolicy(max_step_tokens=8, min_prefill_tokens=4)
    harness = SchedulerHarness(policy=policy)
    for key in "abcdef":
        harness.submit(prompt=key, document_key=key, max_tokens=20)
    for _ in range(3):
        harness.step()
    harness.submit(prompt="p" * 99, document_key="long", max_tokens=1)
    sizes = [chunk.end - chunk.start for chunk in harness.step().chunks]
    assert sizes == [1, 1, 1, 1, 4]


def test_better_class_pauses_the_others_and_keeps_their_cells() -> None:
    harness = SchedulerHarness(policy=StepPolicy(max_step_tokens=8, min_prefill_tokens=4))
    action = harness.submit(
        prompt="p" * 40, document_key="action", priority=Priority.ACTION, max_tokens=4
    )
    harness.step()
    ghost = harness.submit(prompt="g" * 40, document_key="ghost", max_tokens=4)
    while not ghost.ends:
        jobs = {chunk.job.spec.arrival for chunk in harness.step().chunks}
        assert jobs == {ghost.arrival}
    harness.run()
    assert action.end.cost.tokens_computed == 41


def test_requests_of_one_class_go_in_order_of_arrival() -> None:
    harness = SchedulerHarness()
    first = harness.submit(prompt="a" * 60, document_key="a", max_tokens=1)
    second = harness.submit(prompt="b" * 60, document_key="b", max_tokens=1)
    while not first.ends:
        harness.step()
    assert not second.ends


# Waiting


def test_request_that_does_not_fit_waits_for_the_running_one() -> None:
    harness = SchedulerHarness()
    first = harness.submit(prompt="a" * 300, document_key="a", max_tokens=50)
    second = harness.submit(prompt="b" * 300, document_key="b", max_tokens=50)
    harness.step()
    assert (harness.scheduler.num_running, harness.scheduler.num_waiting) == (1, 1)
    harness.run()
    assert first.end.error is None
    assert second.end.error is None


def test_waiting_request_does_not_pause_the_one_that_it_waits_for() -> None:
    harness = SchedulerHarness()
    action = harness.submit(
        prompt="a" * 300, document_key="a", max_tokens=50, priority=Priority.ACTION
    )
    harness.step()
    ghost = harness.submit(prompt="b" * 300, document_key="b", max_tokens=50)
    harness.run()
    assert action.end.error is None
    assert ghost.end.error is None


def test_prompt_that_never_fits_is_refused_at_once() -> None:
    harness = SchedulerHarness()
    heard = harness.submit(prompt="a" * 600)
    assert heard.end.error is not None
    assert heard.end.error.kind is ErrorKind.PROMPT_TOO_LONG


# Reuse


def test_typing_computes_the_new_tokens_only() -> None:
    harness = writing()
    harness.answer(prompt=fim_segments("def add(a, b):\n", "\n", "    "), document_key="a")
    heard = harness.answer(prompt=fim_segments("def add(a, b):\n", "\n", "    x"), document_key="a")
    assert heard.end.cost.tokens_computed == 1


def test_typing_along_the_suggestion_finds_it_computed() -> None:
    harness = writing()
    before = fim_segments("def add(a, b):\n", "\n", "")
    harness.answer(prompt=before, document_key="a", max_tokens=50)
    heard = harness.answer(
        prompt=fim_segments("def add(a, b):\n", "\n", "return a"), document_key="a"
    )
    assert heard.end.cost.tokens_computed == 1
    assert heard.text() == " + b"


def test_costs_of_the_prompt_add_up() -> None:
    harness = SchedulerHarness()
    for prompt in ("def f(x):", "def f(y):", "def f(y): return", "import os"):
        cost = harness.answer(prompt=prompt, document_key="a").end.cost
        assert cost.tokens_reused + cost.tokens_computed == len(prompt) + 1


@pytest.mark.parametrize("num_alternatives", [1, 3])
def test_prompts_cost_is_told_once_before_the_text(num_alternatives: int) -> None:
    heard = writing().answer(prompt="def f(x):", num_alternatives=num_alternatives)
    prompt, *others = heard.events
    assert isinstance(prompt, PromptEvent)
    assert prompt.cost.tokens_computed == heard.end.cost.tokens_computed == len("def f(x):") + 1
    assert not any(isinstance(event, PromptEvent) for event in others)


@pytest.mark.parametrize("num_alternatives", [1, 3])
def test_reuse_gives_what_a_full_recompute_gives(num_alternatives: int) -> None:
    harness = SchedulerHarness()
    for prompt in ("def f(x):", "def f(y):", "def f(y): ret", "def f", "import os", "def f(y)"):
        fields: dict[str, Any] = {
            "prompt": prompt,
            "num_alternatives": num_alternatives,
            "max_tokens": 10,
            "sampling": Sampling(temperature=1.0, seed=2),
        }
        reused = harness.answer(document_key="a", **fields)
        fresh = SchedulerHarness().answer(**fields)
        for index in range(num_alternatives):
            assert reused.text(index) == fresh.text(index)


# The end before the end


def test_cancelling_frees_the_cells_before_the_next_step() -> None:
    harness = SchedulerHarness()
    heard = harness.submit(prompt="p" * 99, num_alternatives=3)
    harness.step()
    harness.cancel(heard)
    assert heard.reasons == (EndReason.CANCELLED,) * 3
    assert harness.cache.num_cells_running == 0
    assert harness.cache.num_cells_reserved == 0
    assert harness.scheduler.is_idle


def test_cancelled_prefill_is_reused_by_the_next_request() -> None:
    harness = SchedulerHarness()
    heard = harness.submit(prompt="p" * 99, document_key="a")
    harness.step()
    harness.cancel(heard)
    again = harness.answer(prompt="p" * 99, document_key="a")
    assert again.end.cost.tokens_reused == 64


def test_newer_request_supersedes_the_documents_older_ones() -> None:
    harness = SchedulerHarness()
    old = harness.submit(document_key="a")
    other = harness.submit(document_key="b")
    harness.step()
    new = harness.submit(document_key="a", supersedes=True)
    assert old.reasons == (EndReason.SUPERSEDED,)
    harness.run()
    assert other.reasons == (EndReason.LENGTH,)
    assert new.reasons == (EndReason.LENGTH,)


def test_less_urgent_request_supersedes_nothing_more_urgent() -> None:
    harness = SchedulerHarness()
    ghost = harness.submit(document_key="a")
    harness.submit(document_key="a", supersedes=True, priority=Priority.PREFETCH)
    assert not ghost.ends


def test_windows_do_not_end_each_others_requests() -> None:
    """Each has an untitled document of the same name."""
    harness = SchedulerHarness()
    first = harness.submit(document_key="untitled:1", client="window 1", supersedes=True)
    second = harness.submit(document_key="untitled:1", client="window 2", supersedes=True)
    harness.run()
    assert EndReason.SUPERSEDED not in first.reasons + second.reasons
    assert len(harness.cache.parked_documents) == 2


def test_requests_without_a_document_supersede_nothing() -> None:
    harness = SchedulerHarness()
    old = harness.submit()
    harness.submit(supersedes=True)
    assert not old.ends


def test_request_that_was_overtaken_is_superseded_when_it_comes() -> None:
    harness = SchedulerHarness()
    old, old_job = harness.prepare(document_key="a")
    new = harness.submit(document_key="a", supersedes=True)
    harness.scheduler.submit(old_job)
    assert old.reasons == (EndReason.SUPERSEDED,)
    assert not new.ends


def test_request_ends_when_its_time_is_over() -> None:
    harness = SchedulerHarness()
    heard = harness.submit(limits=Limits(max_tokens=50, max_ms=100))
    harness.step()
    harness.clock.now_s = 0.1
    harness.step()
    assert heard.reasons == (EndReason.TIME,)
    assert harness.scheduler.is_idle


def test_waiting_request_ends_when_its_time_is_over() -> None:
    harness = SchedulerHarness()
    harness.submit(prompt="a" * 300, document_key="a", max_tokens=100)
    waiting = harness.submit(
        prompt="b" * 300, document_key="b", limits=Limits(max_tokens=100, max_ms=100)
    )
    harness.step()
    harness.clock.now_s = 0.2
    harness.step()
    assert waiting.reasons == (EndReason.TIME,)


def test_text_held_back_comes_when_time_is_over() -> None:
    harness = writing()
    heard = harness.submit(
        limits=Limits(max_tokens=50, max_ms=100), stop=StopRules(texts=("return nothing",))
    )
    for _ in range(4):
        harness.step()
    harness.clock.now_s = 1.0
    harness.run()
    assert heard.text() == "retu"


def test_failed_step_ends_its_requests_and_no_others() -> None:
    harness = SchedulerHarness()
    failing = harness.submit(prompt="p" * 40, document_key="a")
    paused = harness.submit(document_key="b", priority=Priority.WARM)
    step = harness.scheduler.schedule()
    harness.runner.forward(step.batch())
    harness.scheduler.fail(step, EngineError("out of order"))
    harness.check()
    assert failing.end.error is not None
    assert failing.end.error.message == "out of order"
    assert failing.reasons == (EndReason.ERROR,)
    harness.run()
    assert paused.end.error is None


def test_aborted_step_goes_on_where_it_stopped() -> None:
    harness = SchedulerHarness()
    heard = harness.submit(prompt="p" * 40)
    step = harness.scheduler.schedule()
    harness.runner.forward(step.batch()[:5])
    harness.scheduler.take_in(step, None)
    harness.check()
    harness.run()
    assert heard.end.cost.tokens_computed == 41
    assert heard.text() == SchedulerHarness().answer(prompt="p" * 40).text()


# Time


def test_stages_are_measured_with_the_clock() -> None:
    harness = writing()
    heard = harness.submit(prompt="p" * 80, max_tokens=3)
    harness.clock.now_s = 1.0
    for seconds in (2.0, 4.0, 8.0, 16.0):
        step = harness.scheduler.schedule()
        logits = harness.runner.forward(step.batch())
        harness.clock.now_s = seconds
        harness.scheduler.take_in(step, logits)
    cost = heard.end.cost
    assert (cost.ms_queued, cost.ms_prefill, cost.ms_decode) == (1000.0, 3000.0, 12000.0)
    assert cost.tokens_generated == 3


def test_limits_smaller_than_a_step_are_respected() -> None:
    limits = dataclasses.replace(SMALL_LIMITS, max_batch_tokens=4)
    harness = SchedulerHarness(limits=limits, policy=StepPolicy.for_batches_of(4))
    assert harness.answer(prompt="p" * 40).reasons == (EndReason.LENGTH,)
