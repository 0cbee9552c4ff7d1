"""`FILE:LINE` and `FILE:LINE-LINE`."""

from __future__ import annotations

import pytest

from lsp_server.cli.lines import FileLines, parse_lines
from lsp_server.cli.location import LineIndex
from lsp_server.errors import UsageError

TEXT = "one\r\n  two\n\nlast"


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("a.py:3", FileLines("a.py", 3, None)),
        ("a.py:3-3", FileLines("a.py", 3, 3)),
        ("C:\\x\\a-1.py:3-10", FileLines("C:\\x\\a-1.py", 3, 10)),
    ],
)
def test_parse(typed: str, lines: FileLines) -> None:
    assert parse_lines(typed) == lines


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("a.py", "FILE:LINE"),
        ("a.py:x", "FILE:LINE"),
        ("a.py:3-", "FILE:LINE"),
        ("a.py:0", "count from 1"),
        ("a.py:1-0", "count from 1"),
        ("a.py:9-3", "before the first, 9"),
    ],
)
def test_refusals(typed: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_lines(typed)


def test_span_of_a_line_is_a_cursor_and_of_a_range_a_selection() -> None:
    index = LineIndex(TEXT)
    assert FileLines("a", 2, None).span(index) == (10, 10)
    start, end = FileLines("a", 1, 2).span(index)
    assert TEXT[start:end] == "one\r\n  two"
    assert FileLines("a", 4, 4).span(index) == (12, 16)
    with pytest.raises(UsageError, match="a has 4 lines, so there is no line 5"):
        FileLines("a", 1, 5).span(index)
