"""Where an answer of `/infill` is cut short."""

from __future__ import annotations

import pytest

from lsp_server.engine.api import TokenText
from lsp_server.engine.shared.adapters.answers import Answers, AnswerText
from lsp_server.engine.shared.adapters.bodies import InfillBody
from lsp_server.engine.shared.adapters.infill_answers import cut_short
from tests.support.engine import FakeClock


def answers(text: str) -> Answers:
    return Answers([AnswerText([TokenText(text=text)])])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a = 1\n    b = 2\n", None),
        ("a = 1\nb", "a = 1\n"),
        ("a = 1\n  b", "a = 1\n"),
        ("a = 1\n\n    b", None),
        ("a = 1\n  ", None),
        ("a = 1\n    b\ndef f", "a = 1\n    b\n"),
        ("no new line", None),
    ],
)
def test_it_ends_before_a_line_with_less_indentation(text: str, kept: str | None) -> None:
    length = cut_short(InfillBody(n_indent=4))(answers(text))
    assert (None if length is None else text[:length]) == kept


def test_time_begins_with_the_first_token_and_lets_the_first_line_end() -> None:
    clock = FakeClock()
    clock.now_s = 100.0
    length = cut_short(InfillBody(t_max_predict_ms=500), clock)
    assert length(answers("a")) is None
    clock.now_s = 100.4
    assert length(answers("a\nb")) is None
    clock.now_s = 100.6
    assert length(answers("ab")) is None
    assert length(answers("ab\nc")) == len("ab\nc")


def test_without_limits_it_never_ends() -> None:
    clock = FakeClock()
    length = cut_short(InfillBody(), clock)
    clock.now_s = 1e6
    assert length(answers("a\nb\nc")) is None
