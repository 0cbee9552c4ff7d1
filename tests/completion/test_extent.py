import pytest

from lsp_server.completion.cursor import Cursor, look_from_cursor
from lsp_server.completion.extent import num_lines_wanted
from lsp_server.context.syntax import DocumentTrees
from tests.support.completion import cursor_at, query_at


@pytest.mark.parametrize(
    ("marked", "language"),
    [
        ("def add(a, b):‸", "python"),
        ("def add(‸)", "python"),
        ("def add(a, b):\n    ‸", "python"),
        ("x = 1\n‸\ny = 2\n", "python"),
        ("func add(a, b int) int {‸", "go"),
        ("func add(a, b int) int {‸}", "go"),
        ("if x then‸", "lua"),
        ("items:‸", "yaml"),
        ("something:‸", "no-such-language"),
    ],
)
def test_a_block_is_asked_for_where_one_begins(marked: str, language: str) -> None:
    assert num_lines_wanted(cursor_at(marked, language=language), 8) == 8


@pytest.mark.parametrize(
    ("marked", "language"),
    [
        ("value = ‸", "python"),
        ("def add(a, b):‸\n    return a + b\n", "python"),
        ("# the following:‸", "python"),
        ("// the following {‸", "go"),
        ("call(‸first)", "python"),
        ("label:‸", "go"),
    ],
)
def test_one_line_is_asked_for_elsewhere(marked: str, language: str) -> None:
    assert num_lines_wanted(cursor_at(marked, language=language), 8) == 1


def test_never_more_lines_than_the_setting() -> None:
    assert num_lines_wanted(cursor_at("def add(a, b):‸"), 3) == 3


def parsed_at(marked: str, language: str) -> Cursor:
    return look_from_cursor(query_at(marked, language=language), DocumentTrees())


@pytest.mark.parametrize(
    "marked", ["def add(a, b):‸", "if a:‸\n", "class A:\n    ‸\n", "def add(‸)", "x = [‸"]
)
def test_the_grammar_agrees_that_a_block_begins(marked: str) -> None:
    assert num_lines_wanted(parsed_at(marked, "python"), 8) == 8


@pytest.mark.parametrize("marked", ["x:‸", "d = {'a':‸}", "f(lambda a:‸)", "'''if a:‸'''"])
def test_a_colon_that_begins_no_block_asks_for_one_line(marked: str) -> None:
    assert num_lines_wanted(parsed_at(marked, "python"), 8) == 1
