"""What follows from a machine, and what somebody has set."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.completion.budgets import adapted
from lsp_server.engine.model_info import Budgets, ModelInfo
from lsp_server.settings.schema import CompletionSettings, Settings
from tests.support.scripted_engine import INFO

GENEROUS = Budgets(prompt_tokens=100_000, answer_tokens=1_000, debounce_ms=75)
NARROW = Budgets(prompt_tokens=500, answer_tokens=20, debounce_ms=200)


def info_with(budgets: Budgets | None) -> ModelInfo:
    return msgspec.structs.replace(INFO, budgets=budgets)


def num_prompt_tokens(wanted: CompletionSettings) -> float:
    num_chars = wanted.prefix_chars + wanted.suffix_chars
    return wanted.context_tokens + num_chars / INFO.chars_per_token


@pytest.mark.parametrize("budgets", [None, GENEROUS])
def test_defaults_stay_where_nothing_is_known_or_all_is_fast(budgets: Budgets | None) -> None:
    assert adapted(Settings(), info_with(budgets)) == CompletionSettings()


def test_slow_machine_is_shown_less_and_writes_less() -> None:
    wanted = adapted(Settings(), info_with(NARROW))
    assert 480 < num_prompt_tokens(wanted) <= 500
    assert (wanted.max_tokens, wanted.debounce_ms) == (20, 200)


def test_parts_of_a_prompt_keep_their_proportion() -> None:
    wanted = adapted(Settings(), info_with(NARROW))
    assert wanted.prefix_chars / wanted.suffix_chars == pytest.approx(2.0, rel=0.01)


def test_what_is_set_stays_and_the_rest_makes_room() -> None:
    settings = Settings(
        completion=CompletionSettings(prefix_chars=1_400), chosen=frozenset({"completion.popup"})
    )
    wanted = adapted(settings, info_with(NARROW))
    assert wanted.prefix_chars == 1_400
    assert num_prompt_tokens(wanted) <= 500


@pytest.mark.parametrize(
    "name", ["prefix_chars", "suffix_chars", "context_tokens", "max_tokens", "debounce_ms"]
)
def test_a_default_that_somebody_has_set_stays(name: str) -> None:
    settings = Settings(chosen=frozenset({f"completion.{name}"}))
    wanted = adapted(settings, info_with(NARROW))
    assert getattr(wanted, name) == getattr(CompletionSettings(), name)


def test_chosen_windows_that_fill_the_budget_leave_no_room_for_context() -> None:
    keys = frozenset({"completion.prefix_chars", "completion.suffix_chars"})
    assert adapted(Settings(chosen=keys), info_with(NARROW)).context_tokens == 0


_BUDGETS = st.builds(
    Budgets,
    prompt_tokens=st.integers(0, 5_000),
    answer_tokens=st.integers(1, 500),
    debounce_ms=st.integers(20, 200),
)
_KEYS = st.frozensets(
    st.sampled_from(["completion.prefix_chars", "completion.context_tokens"]), max_size=2
)


@given(budgets=_BUDGETS, more=st.integers(0, 5_000), chosen=_KEYS)
def test_a_faster_machine_never_gets_less(
    budgets: Budgets, more: int, chosen: frozenset[str]
) -> None:
    settings = Settings(chosen=chosen)
    faster = Budgets(
        prompt_tokens=budgets.prompt_tokens + more,
        answer_tokens=budgets.answer_tokens + more,
        debounce_ms=budgets.debounce_ms,
    )
    less, as_much = (adapted(settings, info_with(each)) for each in (budgets, faster))
    for name in ("prefix_chars", "suffix_chars", "context_tokens", "max_tokens"):
        assert getattr(less, name) <= getattr(as_much, name) <= getattr(CompletionSettings(), name)
