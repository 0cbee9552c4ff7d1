"""Positions as people type them, and as offsets into a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.cli.location import LineIndex, Location, Position, parse_location
from lsp_server.errors import UsageError


@pytest.mark.parametrize(
    ("text", "file", "line", "column"),
    [
        ("a.py:1:1", "a.py", 1, 1),
        ("src/app.py:12:5", "src/app.py", 12, 5),
        (r"C:\code\a.py:3:7", r"C:\code\a.py", 3, 7),
        ("C:/code/a.py:3:7", "C:/code/a.py", 3, 7),
        ("odd:name:1:2", "odd:name", 1, 2),
        ("with space.py:3:4", "with space.py", 3, 4),
        ("-:3:7", "-", 3, 7),
    ],
)
def test_parse_location_takes_the_last_two_numbers(
    text: str, file: str, line: int, column: int
) -> None:
    assert parse_location(text) == Location(file, Position(line, column))


def test_parse_location_of_standard_input_alone_is_its_end() -> None:
    assert parse_location("-") == Location("-", None)


@pytest.mark.parametrize("text", ["a.py", "a.py:3", r"C:\a.py:3", "a.py:x:1", ":1:1", "a.py:1:"])
def test_parse_location_explains_the_form(text: str) -> None:
    with pytest.raises(UsageError, match="FILE:LINE:COLUMN"):
        parse_location(text)


@pytest.mark.parametrize("text", ["a.py:0:1", "a.py:1:0"])
def test_parse_location_counts_from_one(text: str) -> None:
    with pytest.raises(UsageError, match="from 1"):
        parse_location(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "offset"),
    [
        ("", 1, 1, 0),
        ("ab", 1, 3, 2),
        ("ab\n", 2, 1, 3),
        ("ab\r\ncd", 2, 2, 5),
        ("ab\rcd", 2, 1, 3),
        ("\N{PARTY POPPER}x", 1, 2, 1),
        ("a\N{LINE SEPARATOR}b", 1, 4, 3),
        ("\tx", 1, 2, 1),
    ],
)
def test_offset_of_counts_code_points(text: str, line: int, column: int, offset: int) -> None:
    lines = LineIndex(text)
    assert lines.offset_of(Position(line, column), "a") == offset
    assert lines.position_of(offset) == Position(line, column)


def test_offset_of_names_the_number_of_lines() -> None:
    with pytest.raises(UsageError, match=r"a\.py has 2 lines, so there is no line 3"):
        LineIndex("x\n").offset_of(Position(3, 1), "a.py")


def test_offset_of_names_the_columns_of_the_line() -> None:
    with pytest.raises(UsageError, match=r"line 1 of a\.py has 2 characters.* 1 to 3.* 4"):
        LineIndex("ab\r\n").offset_of(Position(1, 4), "a.py")


@given(st.text(alphabet="ab\r\n\t\N{PARTY POPPER}"))
def test_line_spans_cover_the_text(text: str) -> None:
    spans = LineIndex(text).line_spans()
    assert "".join(text[start:end] for start, end in spans) == text
    assert len(spans) == LineIndex(text).num_lines
