"""Classes of requests: who pauses, who gives cells away, and that nobody starves."""

from __future__ import annotations

import random

import pytest

from lsp_server.engine.api import EndReason, Priority
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.runners.base import RunnerLimits
from lsp_server.engine.step_sizes import StepPolicy
from tests.support.engine import Heard, SchedulerHarness, make_request

POLICY = StepPolicy(max_step_tokens=16, min_prefill_tokens=8, age_s=1.0)
SAVING = KeepPolicy(max_saved_bytes=100_000)


def submit_ghost(harness: SchedulerHarness, number: int) -> Heard:
    return harness.submit(prompt=f"ghost {number} " * 4, document_key=f"{number}", max_tokens=4)


@pytest.mark.parametrize("priority", [each for each in Priority if each > Priority.GHOST_TEXT])
def test_nobody_starves_while_somebody_types_all_the_time(priority: Priority) -> None:
    harness = SchedulerHarness(policy=POLICY)
    patient = harness.submit(prompt="p" * 90, document_key="p", max_tokens=20, priority=priority)
    for number in range(400):
        if patient.ends:
            break
        submit_ghost(harness, number)
        while harness.scheduler.num_running + harness.scheduler.num_waiting > 1:
            harness.clock.now_s += 0.05
            harness.step()
    # 0.05 s a step: it rises by a class in a second, and then takes part in every step.
    assert patient.end.error is None
    assert harness.clock.now_s < 1.0 * priority + 10.0


def test_who_runs_does_not_age() -> None:
    harness = SchedulerHarness(policy=POLICY)
    action = harness.submit(
        prompt="p" * 400, document_key="p", max_tokens=60, priority=Priority.ACTION
    )
    for _ in range(20):
        harness.clock.now_s += 10.0
        harness.step()
    ghost = submit_ghost(harness, 0)
    while not ghost.ends:
        harness.clock.now_s += 0.01
        assert all(chunk.job.spec.priority == 0 for chunk in harness.step().chunks)
    assert not action.ends


def step_sizes(harness: SchedulerHarness, num_steps: int) -> list[int]:
    return [
        sum(chunk.end - chunk.start for chunk in harness.step().chunks) for _ in range(num_steps)
    ]


def test_other_work_takes_short_steps_while_somebody_types() -> None:
    harness = SchedulerHarness(policy=StepPolicy(max_step_tokens=16, min_prefill_tokens=8))
    harness.submit(prompt="p" * 400, document_key="p", priority=Priority.WARM)
    assert step_sizes(harness, 2) == [16, 16]
    ghost = submit_ghost(harness, 0)
    assert step_sizes(harness, 1) == [16], "the key's own prompt takes long ones"
    while not ghost.ends:
        harness.step()
    assert step_sizes(harness, 2) == [8, 8]
    harness.clock.now_s += 1.9
    assert step_sizes(harness, 1) == [8]
    harness.clock.now_s += 0.2
    assert step_sizes(harness, 2) == [16, 16]


def test_idle_time_between_requests_makes_nobody_old() -> None:
    harness = SchedulerHarness(policy=POLICY)
    harness.answer(prompt="a" * 20)
    harness.clock.now_s += 1_000.0
    action = harness.submit(prompt="p" * 60, document_key="p", priority=Priority.ACTION)
    ghost = submit_ghost(harness, 0)
    while not ghost.ends:
        harness.step()
        assert not action.events


def test_action_gives_its_cells_away_and_goes_on_where_it_was() -> None:
    limits = RunnerLimits(context_tokens=256, num_cells=256, max_sequences=8, max_batch_tokens=64)
    harness = SchedulerHarness(limits=limits, policy=POLICY, keep=SAVING)
    prompt = "".join(map(chr, random.Random(0).choices(range(97, 122), k=150)))
    action = harness.submit(
        prompt=prompt, document_key="action", max_tokens=60, priority=Priority.ACTION
    )
    while len(action.text()) < 20:
        harness.step()
    ghost = harness.submit(prompt="g" * 120, document_key="ghost", max_tokens=20)
    while not ghost.ends:
        assert {chunk.job.spec.arrival for chunk in harness.step().chunks} == {ghost.arrival}
    assert ghost.end.error is None
    num_tokens_before = harness.runner.num_tokens_forwarded
    num_written_before = len(action.text())
    harness.run()
    alone = SchedulerHarness(limits=limits).answer(prompt=prompt, max_tokens=60)
    assert action.text() == alone.text()
    assert action.end.cost.tokens_computed == len(prompt) + 1
    num_written = len(action.text()) - num_written_before
    # A character may have several tokens; the prompt's would be 150 more.
    assert harness.runner.num_tokens_forwarded - num_tokens_before < num_written + 10


def test_suspended_request_that_is_cancelled_leaves_nothing() -> None:
    limits = RunnerLimits(context_tokens=256, num_cells=256, max_sequences=8, max_batch_tokens=64)
    harness = SchedulerHarness(limits=limits, policy=POLICY, keep=SAVING)
    action = harness.submit(
        prompt="p" * 150, document_key="action", max_tokens=60, priority=Priority.ACTION
    )
    harness.step()
    ghost = harness.submit(prompt="g" * 120, document_key="ghost", max_tokens=20)
    harness.step()
    harness.cancel(action)
    assert action.reasons == (EndReason.CANCELLED,)
    harness.run()
    assert ghost.end.error is None
    harness.cache.evict_all()
    assert harness.cache.saved_documents == ()
    assert harness.cache.num_cells_used == 0


def test_alternatives_that_are_being_written_are_not_interrupted() -> None:
    limits = RunnerLimits(context_tokens=256, num_cells=256, max_sequences=8, max_batch_tokens=64)
    harness = SchedulerHarness(limits=limits, policy=POLICY)
    action = harness.submit(
        make_request("p" * 100, max_tokens=40, num_alternatives=3, priority=Priority.ACTION)
    )
    while not action.text():
        harness.step()
    ghost = harness.submit(prompt="g" * 120, document_key="ghost", max_tokens=20)
    harness.run()
    assert action.end.error is None
    assert ghost.end.error is None
