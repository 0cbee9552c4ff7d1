"""Each rule on texts as they grow: what it keeps, and that it waits for complete lines."""

import pytest

from lsp_server.completion.stops.at_outdent import stop_at_outdent
from lsp_server.completion.stops.at_repetition import stop_at_repetition
from lsp_server.completion.stops.at_suffix_line import stop_at_suffix_line
from lsp_server.completion.stops.rules import StopRule, first_stop
from tests.support.completion import cursor_at


def kept(rule: StopRule, marked: str, text: str, language: str = "python") -> str | None:
    """Return what the rule keeps of a text, or `None` if it does not apply."""
    num_chars = rule(text, cursor_at(marked, language=language))
    return None if num_chars is None else text[:num_chars]


def test_suffix_line_ends_the_text_before_it() -> None:
    marked = "def f():\n    ‸\n    return total\n"
    text = "total = 0\n    total += 1\n    return total\n"
    assert kept(stop_at_suffix_line, marked, text) == "total = 0\n    total += 1"


def test_suffix_line_is_not_judged_before_it_is_complete() -> None:
    assert kept(stop_at_suffix_line, "‸\nreturn total\n", "x\nreturn total") is None


def test_suffix_line_in_another_indentation_is_the_same_statement() -> None:
    assert kept(stop_at_suffix_line, "‸\nreturn x\n", "a\n  return x\n") == "a"


def test_a_brace_alone_is_compared_with_its_indentation() -> None:
    marked = "fn f() {\n    ‸\n}\n"
    assert kept(stop_at_suffix_line, marked, "if x {\n        y\n    }\n", "rust") is None
    assert kept(stop_at_suffix_line, marked, "x\n}\n", "rust") == "x"


@pytest.mark.parametrize(
    ("marked", "text", "expected"),
    [
        ("def f():‸", "\n    return 1\n\ndef g():\n", "\n    return 1\n"),
        ("    ‸", "a = 1\n    b = 2\nc = 3\n", "a = 1\n    b = 2"),
        ("    ‸", "if a:\n        b\n    c\n", "if a:\n        b"),
        ("def f(‸", "a):\n    return a\nx = 1\n", "a):\n    return a"),
        ("    ‸", "a = 1\n    b = 2\n", None),
        ("‸", "a = 1\nb = 2\n", None),
        ("def f():‸", "\n    return 1\nx", None),
    ],
)
def test_outdent_ends_the_text_before_it(marked: str, text: str, expected: str | None) -> None:
    assert kept(stop_at_outdent, marked, text) == expected


@pytest.mark.parametrize(
    ("marked", "text", "expected"),
    [
        ("if (x) {‸", "\n  y();\n}\nz();\n", "\n  y();\n}"),
        ("f(‸", "\n  a,\n);\nz();\n", "\n  a,\n);"),
        ("if (x) {‸", "\n  y();\n} else {\n  z();\n}\nw();\n", "\n  y();\n} else {\n  z();\n}"),
    ],
)
def test_a_closing_bracket_belongs_to_its_block(marked: str, text: str, expected: str) -> None:
    assert kept(stop_at_outdent, marked, text, "typescript") == expected


def test_the_same_line_three_times_is_said_once() -> None:
    text = "\n    x.append(1)\n    x.append(1)\n    x.append(1)\n"
    assert kept(stop_at_repetition, "def f():‸", text) == "\n    x.append(1)"


def test_the_same_line_twice_is_no_repetition() -> None:
    assert kept(stop_at_repetition, "‸", "\n  a()\n  a()\n  b()\n") is None


def test_a_piece_that_comes_again_and_again_is_said_once() -> None:
    assert kept(stop_at_repetition, "x = ‸", "1" + ", 2" * 7) == "1, 2"


@pytest.mark.parametrize("text", ["1000000", "'----------------------------'", "'" + " " * 40])
def test_numbers_rules_and_blanks_are_no_repetition(text: str) -> None:
    assert kept(stop_at_repetition, "x = ‸", text) is None


def test_first_stop_is_the_one_that_keeps_least() -> None:
    cursor = cursor_at("def f():\n    ‸\n    done()\n")
    stop = first_stop("a()\n    done()\nb()\n", cursor)
    assert stop is not None
    assert (stop.rule, stop.num_kept_chars) == ("stop_at_suffix_line", 3)
    assert first_stop("a()\n    b()\n", cursor) is None
