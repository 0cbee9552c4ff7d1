"""The line index against a reference that looks at every character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.server.protocol.indexed_text import IndexedText

TEXTS = st.text(alphabet=st.sampled_from("ab\r\n\x0b\x0c\x1c\x85\u2028é😀\ud83d"), max_size=20)


def starts_by_hand(text: str) -> list[int]:
    starts = [0]
    for index, char in enumerate(text):
        if char == "\n" or (char == "\r" and text[index + 1 : index + 2] != "\n"):
            starts.append(index + 1)
    return starts


@pytest.mark.parametrize("char", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_newlines_and_carriage_returns_break_lines(char: str) -> None:
    assert IndexedText.of(f"a{char}b\nc").line_starts == [0, 4]


def test_line_span_leaves_the_line_break_out() -> None:
    text = IndexedText.of("ab\r\nc\rd\n")
    assert [text.line_span(line) for line in range(text.num_lines)] == [
        (0, 2),
        (4, 5),
        (6, 7),
        (8, 8),
    ]


@pytest.mark.parametrize(
    ("before", "start", "end", "new", "expected"),
    [
        ("a\rb", 2, 2, "\n", [0, 3]),
        ("a\r\nb", 2, 3, "", [0, 2]),
        ("a\r\nb", 1, 2, "", [0, 2]),
        ("a\r\nb", 2, 2, "x", [0, 2, 4]),
        ("a\nb", 1, 1, "\r", [0, 3]),
        ("", 0, 0, "\n\n", [0, 1, 2]),
    ],
)
def test_an_edit_that_joins_or_parts_a_line_ending(
    before: str, start: int, end: int, new: str, expected: list[int]
) -> None:
    assert IndexedText.of(before).replaced(start, end, new).line_starts == expected


@given(TEXTS, st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25), TEXTS), max_size=6))
def test_edits_give_the_index_of_the_whole_text(
    text: str, edits: list[tuple[int, int, str]]
) -> None:
    indexed = IndexedText.of(text)
    for first, second, new in edits:
        start, end = sorted((min(first, len(indexed.text)), min(second, len(indexed.text))))
        indexed = indexed.replaced(start, end, new)
        text = text[:start] + new + text[end:]
        assert indexed.text == text
        assert list(indexed.line_starts) == starts_by_hand(text)


@given(TEXTS)
def test_every_offset_is_in_its_line(text: str) -> None:
    indexed = IndexedText.of(text)
    for offset in range(len(text) + 1):
        line = indexed.line_of(offset)
        start = indexed.line_starts[line]
        assert start <= offset
        assert line + 1 == indexed.num_lines or offset < indexed.line_starts[line + 1]
