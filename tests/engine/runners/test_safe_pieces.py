from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.engine.runners.safe_pieces import (
    MAX_RUN_CHARS,
    LiteralFinder,
    is_marker_literal,
    safe_pieces,
    utf8_bytes,
)

HOLE = "<｜fim▁hole｜>"
FINDER = LiteralFinder(frozenset({HOLE, "<|EOT|>", "<|EOT|>>", "[PAD1]", "[PAD12]"}))
NO_LITERALS = LiteralFinder(frozenset())


def test_ordinary_text_stays_in_one_piece() -> None:
    code = "def f(x):\n    return x[PAD] < |EOT|\n" * 50
    assert safe_pieces(code, FINDER) == [code]


def test_no_text_has_no_pieces() -> None:
    assert safe_pieces("", FINDER) == []


def test_literal_is_cut_after_its_first_character() -> None:
    assert safe_pieces(f"a {HOLE} b", FINDER) == ["a <", "｜fim▁hole｜> b"]


def test_literals_side_by_side_are_each_cut() -> None:
    assert safe_pieces("<|EOT|>[PAD1]", FINDER) == ["<", "|EOT|>[", "PAD1]"]


def test_overlapping_literals_are_each_cut() -> None:
    finder = LiteralFinder(frozenset({"abab", "ba"}))
    assert safe_pieces("ababab", finder) == ["a", "b", "a", "b", "ab"]


@pytest.mark.parametrize("char", ["a", "-", " ", "\n", "中"])
def test_long_runs_are_cut(char: str) -> None:
    pieces = safe_pieces(char * (3 * MAX_RUN_CHARS + 1), NO_LITERALS)
    assert max(map(len, pieces)) <= MAX_RUN_CHARS
    assert len(pieces) == 4


def test_run_of_the_greatest_length_is_not_cut() -> None:
    text = "x " * 600 + "a" * MAX_RUN_CHARS + " y"
    assert safe_pieces(text, NO_LITERALS) == [text]


@given(st.text("<|EOT>[PAD12]ab \n｜fim▁hole", max_size=200))
def test_pieces_join_to_the_text_and_hold_no_literal(text: str) -> None:
    pieces = safe_pieces(text, FINDER)
    assert "".join(pieces) == text
    assert not any(literal in piece for piece in pieces for literal in FINDER.texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HOLE, True),
        ("[PAD32022]", True),
        ("<table>", True),
        ("ü", False),
        ("\n\n", False),
        ("        ", False),
        ("▁▁▁", False),
    ],
)
def test_what_means_itself_is_no_marker(text: str, expected: bool) -> None:
    assert is_marker_literal(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ü", "ü"),
        ("a\0b", "a\0b"),
        ("a\ud83d", "a\ufffd"),
        ("\udc00z", "\ufffdz"),
        ("\ud83d\ude42", "🙂"),
    ],
)
def test_bytes_are_valid_utf8(text: str, expected: str) -> None:
    assert utf8_bytes(text).decode() == expected
