from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.models.fim_formats import FIM_FORMATS
from lsp_server.prompt.healing import MAX_FORCED_CHARS, Pieces, heal, pieces_of

WORDS = Pieces.BLANK_AND_LETTERS
MARKS = Pieces.MARK_AND_LETTERS


def check(text: str, pieces: Pieces = WORDS) -> None:
    """Expect a cut at the bar in `text`."""
    kept, _, forced = text.partition("|")
    healed = heal(kept + forced, pieces)
    assert (healed.kept, healed.forced) == (kept, forced)


@pytest.mark.parametrize(
    "text",
    [
        "|",
        "|ret",
        "    x =| fo",
        "   | retu",
        "self.|na",
        "self._|na",
        "foo_|ba",
        "größe =| größ",
        "x1_|é",
        "名前 =| 変",
    ],
)
def test_letters_are_forced_with_the_blank_before_them(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", ["print|(", "print|('", "x| =", "x| !=", "f(a|)):", "|_", "a|__"])
def test_punctuation_is_forced_with_the_blank_before_it(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", ["x = 12|", "x1|", "0x7|", "10_000|"])
def test_digits_are_kept(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", ["x =| ", "   | ", "\t|\t", "\n|\t", "return| ", "  |\t"])
def test_one_blank_at_the_end_is_forced(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", ["x\n|", "x\r\n|", "    \n|", "x\u00a0|"])
def test_nothing_is_forced_after_a_line_break(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text", ["self|.na", "foo|_ba", "f|(na", "|.na", "\n|@na", "self._|na", "x =| na", "x (|na"]
)
def test_one_mark_goes_with_the_letters_where_tokenizers_join_them(text: str) -> None:
    check(text, MARKS)


def test_very_long_words_are_kept() -> None:
    assert heal("x = " + "a" * MAX_FORCED_CHARS).forced == ""
    assert heal("x = " + "a" * (MAX_FORCED_CHARS - 1)).forced == " " + "a" * (MAX_FORCED_CHARS - 1)


@given(st.text(), st.sampled_from(Pieces))
def test_nothing_is_lost(text: str, pieces: Pieces) -> None:
    healed = heal(text, pieces)
    assert healed.kept + healed.forced == text
    assert len(healed.forced) <= MAX_FORCED_CHARS
    assert "\n" not in healed.forced


def test_formats_know_their_pieces() -> None:
    assert pieces_of("deepseek-coder") is WORDS
    assert pieces_of("qwen2.5-coder") is MARKS
    for fim_format in FIM_FORMATS:
        pieces_of(fim_format)
