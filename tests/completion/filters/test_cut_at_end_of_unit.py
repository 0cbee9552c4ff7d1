from __future__ import annotations

from lsp_server.completion.cursor import look_from_cursor
from lsp_server.completion.filters.candidate import Candidate
from lsp_server.completion.filters.cut_at_end_of_unit import cut_at_end_of_unit
from lsp_server.context.syntax import DocumentTrees
from lsp_server.engine.api import EndReason
from tests.support.completion import query_at


def check(marked: str, text: str, expected: str, language: str = "python") -> Candidate:
    cursor = look_from_cursor(query_at(marked, language=language), DocumentTrees())
    candidate = cut_at_end_of_unit(Candidate(text, EndReason.LENGTH), cursor)
    assert candidate.text == expected
    return candidate


def test_the_body_of_a_function_ends_the_suggestion() -> None:
    candidate = check(
        "def f():‸\n", "\n    a = 1\n    return a\n\nprint(f())", "\n    a = 1\n    return a"
    )
    assert candidate.finish_reason is EndReason.STOP


def test_a_body_below_its_header_is_kept_whole() -> None:
    check("def f():\n    ‸\n", "a = 1\n    return a\n\nf()", "a = 1\n    return a")


def test_what_is_not_cut_keeps_its_reason() -> None:
    candidate = check("def f():‸\n", "\n    return 1", "\n    return 1")
    assert candidate.finish_reason is EndReason.LENGTH


def test_language_without_a_grammar_is_left_alone() -> None:
    check("fun f() {‸\n", "\n  a()\n}\nb()", "\n  a()\n}\nb()", language="kotlin")
