"""From measurements to budgets: same numbers in, same budgets out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.engine.cost_model import (
    MAX_DEBOUNCE_MS,
    MIN_ANSWER_TOKENS,
    MIN_DEBOUNCE_MS,
    MIN_PROMPT_TOKENS,
    Measurements,
    Targets,
    budgets_from,
    first_ms,
    line_ms,
    prefill_ms_per_token,
    step_tokens,
)
from lsp_server.engine.model_info import Budgets
from lsp_server.settings.schema import EngineSettings

TARGETS = Targets.of(EngineSettings())
#: A laptop: 100 tokens read and 20 written per second.
LAPTOP = Measurements(
    prefill_ms={16: 160.0, 32: 320.0, 64: 640.0}, decode_ms={1: 50.0, 2: 60.0, 4: 100.0, 8: 220.0}
)


def test_budgets_of_a_laptop() -> None:
    assert budgets_from(LAPTOP, TARGETS) == Budgets(
        prompt_tokens=500, answer_tokens=40, debounce_ms=150
    )


def test_times_that_people_are_told() -> None:
    assert line_ms(LAPTOP) == 600.0
    assert first_ms(LAPTOP, 300, TARGETS.step_ms) == 3_600.0


def test_budgets_follow_the_targets() -> None:
    patient = Targets(step_ms=150.0, first_ms=20_000.0, answer_ms=500.0)
    budgets = budgets_from(LAPTOP, patient)
    assert (budgets.prompt_tokens, budgets.answer_tokens) == (2_000, MIN_ANSWER_TOKENS)


def test_no_machine_is_too_slow_for_the_least() -> None:
    snail = Measurements(prefill_ms={16: 16_000.0}, decode_ms={1: 5_000.0})
    assert budgets_from(snail, TARGETS) == Budgets(
        prompt_tokens=MIN_PROMPT_TOKENS,
        answer_tokens=MIN_ANSWER_TOKENS,
        debounce_ms=MAX_DEBOUNCE_MS,
    )


def test_fast_machine_waits_hardly_at_all() -> None:
    fast = Measurements(prefill_ms={16: 1.0}, decode_ms={1: 1.0})
    assert budgets_from(fast, TARGETS).debounce_ms == MIN_DEBOUNCE_MS


@pytest.mark.parametrize(
    ("prefill_ms", "num_tokens"),
    [
        ({64: 640.0, 128: 1_280.0, 256: 2_560.0}, 64),
        ({64: 640.0, 128: 900.0, 256: 1_750.0}, 128),
        ({16: 10.0, 32: 10.0, 64: 10.0, 512: 10.0}, 256),
        ({16: 160.0, 32: 320.0, 64: 640.0}, 64),
        ({4: 10.0, 8: 30.0}, 64),
    ],
)
def test_steps_grow_while_a_token_becomes_cheaper(
    prefill_ms: dict[int, float], num_tokens: int
) -> None:
    measured = Measurements(prefill_ms=prefill_ms, decode_ms={1: 1.0})
    assert step_tokens(measured, max_batch_tokens=256) == num_tokens


def test_steps_may_be_as_long_as_they_pay_for_who_waits_for_the_prompt() -> None:
    measured = Measurements(
        prefill_ms={16: 220.0, 32: 350.0, 64: 540.0, 128: 1_000.0}, decode_ms={1: 90.0}
    )
    assert prefill_ms_per_token(measured, target_step_ms=150.0) == 540.0 / 64
    assert prefill_ms_per_token(measured, target_step_ms=1_000.0) == 1_000.0 / 128


_SIZES = (16, 32, 64, 128)
_WIDTHS = (1, 2, 4, 8)


@st.composite
def machines(draw: st.DrawFn) -> tuple[Measurements, Measurements]:
    """Two machines, the second of which is at least as fast at everything."""

    def times(sizes: tuple[int, ...]) -> tuple[dict[int, float], dict[int, float]]:
        slow = {size: draw(st.floats(0.01, 20_000.0)) for size in sizes}
        return slow, {size: ms * draw(st.floats(0.01, 1.0)) for size, ms in slow.items()}

    prefill, decode = times(_SIZES), times(_WIDTHS)
    slow = Measurements(prefill_ms=prefill[0], decode_ms=decode[0])
    return slow, Measurements(prefill_ms=prefill[1], decode_ms=decode[1])


_TARGETS = st.builds(
    Targets,
    step_ms=st.floats(10.0, 10_000.0),
    first_ms=st.floats(100.0, 600_000.0),
    answer_ms=st.floats(100.0, 600_000.0),
)


@given(pair=machines(), targets=_TARGETS)
def test_faster_machine_never_gets_less_context(
    pair: tuple[Measurements, Measurements], targets: Targets
) -> None:
    slow, fast = (budgets_from(measured, targets) for measured in pair)
    assert fast.prompt_tokens >= slow.prompt_tokens
    assert fast.answer_tokens >= slow.answer_tokens
    assert fast.debounce_ms <= slow.debounce_ms


@given(pair=machines(), targets=_TARGETS, more_ms=st.floats(0.0, 10_000.0))
def test_more_patience_never_gives_less(
    pair: tuple[Measurements, Measurements], targets: Targets, more_ms: float
) -> None:
    patient = Targets(
        targets.step_ms + more_ms, targets.first_ms + more_ms, targets.answer_ms + more_ms
    )
    less, more = budgets_from(pair[0], targets), budgets_from(pair[0], patient)
    assert more.prompt_tokens >= less.prompt_tokens
    assert more.answer_tokens >= less.answer_tokens


@given(pair=machines())
def test_same_measurements_give_the_same_budgets(pair: tuple[Measurements, Measurements]) -> None:
    assert budgets_from(pair[0], TARGETS) == budgets_from(pair[0], TARGETS)
