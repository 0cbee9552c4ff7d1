from __future__ import annotations

import pytest

from lsp_server.engine.step_costs import StepCosts


def costs_of(ms: dict[int, float]) -> StepCosts:
    costs = StepCosts()
    for num_tokens, one_ms in ms.items():
        costs.note(num_tokens, one_ms)
    return costs


def test_nothing_is_known_before_the_first_step() -> None:
    assert StepCosts().ms_of(4) is None
    assert StepCosts().tokens_within(100.0, 16, 32) == 32


@pytest.mark.parametrize(("num_tokens", "ms"), [(1, 10.0), (8, 17.0), (16, 25.0), (32, 50.0)])
def test_sizes_that_were_not_seen_are_estimated(num_tokens: int, ms: float) -> None:
    assert costs_of({1: 10.0, 16: 25.0}).ms_of(num_tokens) == pytest.approx(ms)


def test_step_gets_as_many_tokens_as_the_time_allows() -> None:
    costs = costs_of({16: 100.0, 32: 180.0})
    assert costs.tokens_within(150.0, 16, 32) == 26
    assert costs.tokens_within(1_000.0, 16, 32) == 32
    assert costs.tokens_within(10.0, 16, 32) == 16


def test_longer_step_that_is_no_slower_is_taken() -> None:
    assert costs_of({16: 20.0, 32: 40.0}).tokens_as_quick_as(16, 32) == 16
    assert costs_of({16: 20.0, 32: 40.0, 64: 18.0}).tokens_as_quick_as(16, 64) == 64


def test_size_that_was_not_measured_is_tried() -> None:
    assert costs_of({32: 40.0, 64: 18.0}).tokens_as_quick_as(16, 64) == 16


def test_sequences_run_together_as_long_as_that_gives_more_tokens() -> None:
    assert costs_of({1: 10.0, 2: 12.0, 4: 20.0}).best_width(4) == 4
    assert costs_of({1: 10.0, 2: 12.0, 4: 60.0}).best_width(4) == 2
    assert costs_of({1: 10.0, 2: 30.0}).best_width(2) == 1


@pytest.mark.parametrize(
    ("target_ms", "least", "num_sequences", "width"),
    [
        (150.0, 1, 4, 4),
        (150.0, 1, 1, 1),
        (150.0, 1, 8, 6),
        (1_000.0, 1, 8, 8),
        (10.0, 1, 8, 4),
        (10.0, 8, 8, 8),
        (10.0, 16, 2, 2),
        (10.0, 16, 0, 0),
    ],
)
def test_sequences_run_together_within_the_target(
    target_ms: float, least: int, num_sequences: int, width: int
) -> None:
    costs = costs_of({1: 50.0, 2: 60.0, 4: 100.0, 8: 180.0})
    assert costs.width_within(target_ms, least, num_sequences) == width


def test_sequences_that_would_wait_less_in_turn_do_not_run_together() -> None:
    costs = costs_of({1: 50.0, 2: 60.0, 4: 100.0, 8: 220.0})
    assert costs.width_within(1_000.0, 16, 8) == 4


def test_one_disturbed_step_hardly_counts() -> None:
    costs = costs_of({1: 10.0})
    costs.note(1, 10_000.0)
    usual_ms = costs.ms_of(1)
    assert usual_ms is not None
    assert usual_ms < 20.0


def test_slow_first_step_is_forgotten() -> None:
    costs = costs_of({1: 500.0})
    costs.note(1, 10.0)
    assert costs.ms_of(1) == 10.0


def test_width_that_was_slow_once_is_tried_again() -> None:
    costs = costs_of({1: 10.0, 2: 60.0})
    assert 2 in {costs.best_width(2) for _ in range(200)}


def test_step_that_was_slow_once_grows_again() -> None:
    costs = costs_of({16: 100.0, 32: 1_000.0})
    assert 32 in {costs.tokens_within(150.0, 16, 32) for _ in range(300)}
