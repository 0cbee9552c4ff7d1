from __future__ import annotations

from lsp_server.completion.cursor import look_from_cursor
from lsp_server.completion.filters.candidate import Candidate
from lsp_server.completion.filters.cut_what_breaks_the_file import cut_what_breaks_the_file
from lsp_server.context.syntax import DocumentTrees
from lsp_server.engine.api import EndReason
from tests.support.completion import query_at


def check(
    marked: str,
    text: str,
    expected: str | None,
    *,
    num_replaced_chars: int = 0,
    language: str = "python",
) -> Candidate | None:
    cursor = look_from_cursor(query_at(marked, language=language), DocumentTrees())
    whole = Candidate(text, EndReason.LENGTH, num_replaced_chars)
    candidate = cut_what_breaks_the_file(whole, cursor)
    assert (candidate and candidate.text) == expected
    return candidate


def test_single_line_that_breaks_the_file_is_dropped() -> None:
    check("f(‸)\n", "a))", None)
    check("x = 1\n‸\n", "def (", None)


def test_lines_before_the_one_that_breaks_it_stay() -> None:
    candidate = check("def f():‸\n", "\n    a = 1\n    b = a +", "\n    a = 1")
    assert candidate is not None
    assert candidate.finish_reason is EndReason.STOP


def test_closers_that_only_the_cut_line_replaced_stay_in_the_document() -> None:
    candidate = check("f(‸)\n", "a,\n  b) = )", "a,", num_replaced_chars=1)
    assert candidate is not None
    assert candidate.num_replaced_chars == 0


def test_open_brackets_and_blocks_break_nothing() -> None:
    check("x = 1\n‸\n", "y = [1,", "y = [1,")
    check("function f() {\n  ‸\n}\n", "if (a) {", "if (a) {", language="javascript")


def test_file_that_does_not_parse_can_not_be_broken() -> None:
    check("def f(:\n    ‸\n", "return ((", "return ((")


def test_language_without_a_grammar_is_left_alone() -> None:
    check("f(‸)\n", "a))", "a))", language="kotlin")
