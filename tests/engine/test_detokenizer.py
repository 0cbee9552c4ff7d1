from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.engine.api import StopRules
from lsp_server.engine.detokenizer import AnswerText


def feed(pieces: list[bytes], stop: StopRules | None = None, forced: bytes = b"") -> list[str]:
    """Return what became final after each piece, and at the end."""
    text = AnswerText(stop or StopRules(), forced)
    given_out = []
    for piece in pieces:
        if text.is_stopped:
            break
        given_out.append("".join(token.text for token in text.add(piece)))
    given_out.append("".join(token.text for token in text.finish()))
    return given_out


def test_text_is_given_out_at_once_without_stop_rules() -> None:
    assert feed([b"a", b" + ", b"b"]) == ["a", " + ", "b", ""]


def test_character_of_several_tokens_comes_with_the_last_of_them() -> None:
    assert feed(["é".encode()[:1], "é".encode()[1:]]) == ["", "é", ""]


def test_character_that_was_not_completed_is_left_out() -> None:
    assert feed([b"a", "😀".encode()[:3]]) == ["a", "", ""]


def test_bytes_that_are_not_utf8_become_replacement_characters() -> None:
    assert feed([b"a\xff", b"b"]) == ["a\ufffd", "b", ""]


def test_stop_text_within_one_token_cuts_it() -> None:
    assert feed([b"x = 1\n\ndef"], StopRules(texts=("\n\n",))) == ["x = 1", ""]


def test_stop_text_over_three_tokens_never_leaks() -> None:
    assert feed([b"a<", b"EN", b"D>b"], StopRules(texts=("<END>",))) == ["", "", "a", ""]


def test_held_back_text_comes_when_no_stop_text_follows() -> None:
    assert feed([b"a<", b"EN", b"T>"], StopRules(texts=("<END>",))) == ["", "", "a<ENT>", ""]


def test_held_back_text_comes_at_the_end() -> None:
    assert feed([b"a", b"<EN"], StopRules(texts=("<END>",))) == ["a", "", "<EN"]


def test_first_of_several_stop_texts_counts() -> None:
    assert feed([b"one two three"], StopRules(texts=("three", "two"))) == ["one ", ""]


def test_max_lines_ends_before_the_newline() -> None:
    assert feed([b"a\nb\nc\n"], StopRules(max_lines=2)) == ["a\nb", ""]


def test_max_lines_counts_newlines_of_earlier_tokens() -> None:
    assert feed([b"a\n", b"b", b"\nc"], StopRules(max_lines=2)) == ["a\n", "b", "", ""]


def test_max_lines_leaves_out_the_carriage_return_of_crlf() -> None:
    assert feed([b"a\r", b"\nb"], StopRules(max_lines=1)) == ["", "a", ""]


def test_forced_bytes_are_not_given_out() -> None:
    assert feed([b"re", b"turn x"], forced=b"ret") == ["", "urn x", ""]


def test_lines_are_counted_after_the_forced_bytes() -> None:
    assert feed([b"\n", b"a\nb"], StopRules(max_lines=1), forced=b"\n") == ["", "a", ""]


def test_log_probability_stays_with_the_text_of_its_token() -> None:
    text = AnswerText(StopRules(texts=("ab",)))
    assert text.add(b"a", -1.0) == ()
    tokens = text.add(b"c", -2.0)
    assert [(token.text, token.logprob) for token in tokens] == [("a", -1.0), ("c", -2.0)]


@given(
    text=st.text("ab\n\r😀", max_size=30),
    cuts=st.sets(st.integers(0, 60)),
    stop=st.builds(
        StopRules,
        texts=st.lists(st.text("ab\n", min_size=1, max_size=3), max_size=2).map(tuple),
        max_lines=st.none() | st.integers(1, 3),
    ),
)
def test_result_does_not_depend_on_where_tokens_are_cut(
    text: str, cuts: set[int], stop: StopRules
) -> None:
    data = text.encode()
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(data)), len(data)]
    pieces = [data[i:j] for i, j in itertools.pairwise(edges)]
    assert "".join(feed(pieces, stop)) == "".join(feed([data], stop))


@pytest.mark.parametrize("num_cut", range(1, 4))
def test_emoji_cut_anywhere_is_whole(num_cut: int) -> None:
    data = "😀".encode()
    assert "".join(feed([data[:num_cut], data[num_cut:]])) == "😀"
