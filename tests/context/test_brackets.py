from __future__ import annotations

import pytest

from lsp_server.context.brackets import missing_closers, surplus_closers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(a, [b", "])"),
        ("f(a)", ""),
        ("if (x) {", "}"),
        ('print("(", x', ")"),
        ('f("a)", (', "))"),
        ("x = '''(\n[''' + (", ")"),
        ("a = 1  # (", ""),
        ("it's (", ")"),
        (")", ""),
    ],
)
def test_missing_closers_are_the_innermost_first(text: str, expected: str) -> None:
    assert missing_closers(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("a)]", ")]"), ("(a))", ")"), ("(]", "]"), ("f(", "")]
)
def test_surplus_closers_are_those_that_nothing_opened(text: str, expected: str) -> None:
    assert surplus_closers(text) == expected


def test_comment_begins_as_the_language_says() -> None:
    assert missing_closers("a // (", "//") == ""
    assert missing_closers("a # (", "//") == ")"
