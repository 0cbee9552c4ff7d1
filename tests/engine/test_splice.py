"""Runs that two prompts have in common, and what a plan makes of them."""

from __future__ import annotations

import random

import pytest

from lsp_server.engine.kv_sequence import Island, KvSequence
from lsp_server.engine.reuse_plan import MAX_NEAR_AGE, NEAR_TOKENS, ReusePlan, plan_splice
from lsp_server.engine.splice import UNUSABLE, Run, find_runs

PREFIX = list(range(100, 160))
SUFFIX = list(range(300, 360))


def runs_of(old: list[int], new: list[int], min_tokens: int = 8, max_runs: int = 6) -> list[Run]:
    return list(find_runs(old, new, min_tokens=min_tokens, max_runs=max_runs))


def test_insertion_leaves_a_run_on_either_side() -> None:
    runs = runs_of(PREFIX + SUFFIX, [*PREFIX, 7, 7, 7, *SUFFIX])
    assert runs == [Run(0, 0, 60), Run(60, 63, 60)]


def test_deletion_leaves_a_run_on_either_side() -> None:
    assert runs_of(PREFIX + SUFFIX, PREFIX[:40] + SUFFIX) == [Run(0, 0, 40), Run(60, 40, 60)]


def test_text_typed_above_the_suffix_moves_it() -> None:
    """A re-anchor: what stood behind the middle marker is now part of the prefix."""
    old = [1, *PREFIX, 2, *SUFFIX, 3, 50, 51, 52]
    new = [1, *PREFIX, 50, 51, 52, 2, *SUFFIX, 3, 60]
    assert runs_of(old, new) == [Run(0, 0, 61), Run(61, 64, 62)]


def test_repeated_lines_do_not_lead_astray() -> None:
    line = [5, 6, 7, 8]
    old = PREFIX + line * 20 + SUFFIX
    new = [*PREFIX[:30], 9, *PREFIX[30:]] + line * 19 + SUFFIX
    kept = sum(run.num_tokens for run in runs_of(old, new))
    assert kept >= len(new) - 1 - len(line)


def test_short_and_surplus_runs_are_left_out() -> None:
    old = [*PREFIX[:6], 1, *SUFFIX[:20], 2, *SUFFIX[20:50]]
    new = [*PREFIX[:6], 3, *SUFFIX[:20], 4, *SUFFIX[20:50]]
    assert runs_of(old, new) == [Run(7, 7, 20), Run(28, 28, 30)]
    assert runs_of(old, new, max_runs=1) == [Run(28, 28, 30)]


def test_unusable_tokens_are_in_no_run() -> None:
    old = [*PREFIX[:30], UNUSABLE, *PREFIX[31:]]
    assert runs_of(old, PREFIX) == [Run(0, 0, 30), Run(31, 31, 29)]


@pytest.mark.parametrize("seed", range(300))
def test_runs_are_true_ordered_and_apart(seed: int) -> None:
    random_ = random.Random(seed)
    old = random_.choices(range(random_.choice([3, 12, 400])), k=random_.randrange(120))
    new = list(old)
    for _ in range(random_.randrange(5)):
        start = random_.randrange(len(new) + 1)
        new[start : start + random_.randrange(9)] = random_.choices(range(400), k=3)
    runs = runs_of(old, new, min_tokens=3)
    old_end = new_end = 0
    for run in runs:
        assert old[run.old_start : run.old_end] == new[run.new_start : run.new_end]
        assert run.num_tokens >= 3
        assert run.old_start >= old_end
        assert run.new_start >= new_end
        old_end, new_end = run.old_end, run.new_end


def sequence_of(tokens: list[int], age: int = 0) -> KvSequence:
    num = len(tokens)
    return KvSequence(
        4, "a.py", list(tokens), list(range(num)), [age] * num, num_exact=num, target=tuple(tokens)
    )


def plan(
    source: KvSequence, prompt: list[int], max_age: int = 8, shared: frozenset[int] = frozenset()
) -> ReusePlan:
    return plan_splice(
        source,
        tuple(prompt),
        len(prompt) - 1,
        max_age=max_age,
        num_owners=lambda cell: 2 if cell in shared else 1,
    )


def test_plan_keeps_the_beginning_and_moves_what_follows_a_change() -> None:
    found = plan(sequence_of(PREFIX + SUFFIX), [*PREFIX, 7, 7, *SUFFIX])
    assert found.num_kept == 60
    assert [(run.old_start, run.new_start, len(run.tokens)) for run in found.moved] == [
        (60, 62, 59)
    ]
    assert found.moved[0].ages == [1] * 59
    assert found.num_shifted == 59


def test_replacement_of_the_same_length_moves_nothing_but_is_stale() -> None:
    found = plan(sequence_of(PREFIX + SUFFIX), [*PREFIX[:-1], 7, *SUFFIX])
    assert found.num_shifted == 0
    assert found.num_reused == len(PREFIX + SUFFIX) - 2
    assert found.moved[0].ages == [1] * 59


def test_small_gain_is_not_worth_a_move() -> None:
    found = plan(sequence_of(PREFIX + SUFFIX[:20]), [*PREFIX, 7, *SUFFIX[:20]])
    assert found.moved == ()
    assert found.num_kept == 60


def test_cells_that_were_carried_too_often_are_computed_again() -> None:
    edited = [*PREFIX, 7, *SUFFIX, *range(NEAR_TOKENS)]
    assert plan(sequence_of(PREFIX + SUFFIX, age=7), edited).moved
    assert not plan(sequence_of(PREFIX + SUFFIX, age=8), edited).moved


def test_right_before_the_cursor_cells_are_carried_over_few_changes_only() -> None:
    edited = [*PREFIX, 7, *SUFFIX, *PREFIX[:40]]
    source = sequence_of(PREFIX + SUFFIX, age=MAX_NEAR_AGE)
    num_far = len(edited) - NEAR_TOKENS - len(PREFIX) - 1
    assert [(run.new_start, len(run.tokens)) for run in plan(source, edited).moved] == [
        (len(PREFIX) + 1, num_far)
    ]
    source = sequence_of(PREFIX + SUFFIX, age=MAX_NEAR_AGE - 1)
    assert [len(run.tokens) for run in plan(source, edited).moved] == [len(SUFFIX)]


def test_cells_that_others_own_do_not_move() -> None:
    shared = frozenset(range(60, 90))
    found = plan(sequence_of(PREFIX + SUFFIX), [*PREFIX, 7, *SUFFIX], shared=shared)
    assert [(run.old_start, len(run.tokens)) for run in found.moved] == [(90, 29)]


def test_islands_of_a_cancelled_splice_are_used_and_do_not_age() -> None:
    """The user typed on before the gap was computed."""
    target = [*PREFIX, 7, 7, 7, *SUFFIX]
    source = sequence_of(PREFIX)
    source.target = tuple(target)
    source.islands = [Island(5, 63, SUFFIX, list(range(100, 160)), [1] * 60)]
    found = plan(source, [*target, 8])
    assert [(run.sequence_id, run.num_positions, run.ages[0]) for run in found.moved] == [(5, 0, 1)]
    assert found.num_reused == 120
    elsewhere = plan(source, [*PREFIX, 9, 9, 9, 9, *SUFFIX, *range(NEAR_TOKENS)])
    assert [(run.num_positions, run.ages[0]) for run in elsewhere.moved] == [(1, 2)]
