"""What fits an answer while the person types, and what the memory keeps."""

from __future__ import annotations

import pytest

from lsp_server.completion import memory
from lsp_server.completion.memory import Memory
from lsp_server.completion.typing_along import Written, place_of, rest_after, typed_since
from lsp_server.engine.api import EndReason
from tests.support.completion import cursor_at


def written(*texts: str) -> tuple[Written, ...]:
    return tuple(Written(text, EndReason.STOP) for text in texts)


@pytest.mark.parametrize(
    ("then", "now", "typed"),
    [
        ("x = ‸\ny", "x = ‸\ny", ""),
        ("x = ‸\ny", "x = co‸\ny", "co"),
        ("def f‸", "def f(‸)", "("),
        ("f(‸)", "f(a‸)", "a"),
        ("f(‸)", "f()‸", ")"),
        ("f‸\ny", "f:\n    ‸\ny", ":\n    "),
    ],
)
def test_typed_since_is_what_was_typed(then: str, now: str, typed: str) -> None:
    assert typed_since(place_of(cursor_at(then)), cursor_at(now)) == typed


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("x = co‸\n", "x = c‸\n"),
        ("x = ‸\ny", "x = 1‸\nz"),
        ("x = ‸\n", "z = 1‸\n"),
        ("a\n‸", "bb\n‸"),
        ("f(‸, b)", "f(a‸)"),
    ],
)
def test_typed_since_is_none_when_something_else_changed(then: str, now: str) -> None:
    assert typed_since(place_of(cursor_at(then)), cursor_at(now)) is None


def test_typed_since_is_none_in_another_document() -> None:
    assert typed_since(place_of(cursor_at("a‸")), cursor_at("a‸", uri="file:///b.py")) is None


def test_rest_after_keeps_alternatives_that_begin_with_it() -> None:
    rest = rest_after("co", written("count", "code", "x", "co", "co  "))
    assert [one.text for one in rest] == ["unt", "de"]


def test_memory_gives_back_the_rest_of_the_newest_answer_that_fits() -> None:
    kept = Memory()
    kept.remember(place_of(cursor_at("x = ‸")), 1, written("count + 1"))
    kept.remember(place_of(cursor_at("x = c‸")), 1, written("lose()"))
    assert kept.recall(cursor_at("x = cl‸"), 1) == written("ose()")
    assert kept.recall(cursor_at("x = co‸"), 1) == written("unt + 1")
    assert kept.recall(cursor_at("x = cx‸"), 1) == ()


def test_memory_has_nothing_once_all_was_typed() -> None:
    kept = Memory()
    kept.remember(place_of(cursor_at("x = ‸")), 1, written("1"))
    assert kept.recall(cursor_at("x = 1‸"), 1) == ()


def test_memory_of_one_alternative_does_not_answer_for_three() -> None:
    kept = Memory()
    kept.remember(place_of(cursor_at("x = ‸")), 1, written("1"))
    assert kept.recall(cursor_at("x = ‸"), 3) == ()
    kept.remember(place_of(cursor_at("x = ‸")), 3, written("1", "2"))
    assert kept.recall(cursor_at("x = ‸"), 3) == written("1", "2")


def test_memory_forgets_a_document() -> None:
    kept = Memory()
    kept.remember(place_of(cursor_at("x = ‸")), 1, written("1"))
    kept.forget("file:///project/a.py")
    assert kept.recall(cursor_at("x = ‸"), 1) == ()


def test_memory_is_bounded() -> None:
    kept = Memory()
    for number in range(memory.MAX_DOCUMENTS + 1):
        place = place_of(cursor_at("x = ‸", uri=f"file:///{number}"))
        kept.remember(place, 1, written("1"))
    assert kept.recall(cursor_at("x = ‸", uri="file:///0"), 1) == ()
    assert kept.recall(cursor_at("x = ‸", uri="file:///1"), 1) == written("1")
    for number in range(memory.MAX_ANSWERS_PER_DOCUMENT):
        place = place_of(cursor_at(f"{number}‸", uri="file:///1"))
        kept.remember(place, 1, written("1"))
    assert kept.recall(cursor_at("x = ‸", uri="file:///1"), 1) == ()
