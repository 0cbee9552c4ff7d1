import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.completion.cursor import look_from_cursor
from lsp_server.completion.query import CompletionQuery
from tests.support.completion import cursor_at, query_at


def test_cursor_sees_its_line_and_its_neighbours() -> None:
    cursor = cursor_at("class A:\n    def f(‸):\n\n    x = 1\n")
    assert cursor.line_prefix == "    def f("
    assert cursor.line_suffix == "):"
    assert cursor.line_above == "class A:"
    assert cursor.next_line == "    x = 1"
    assert cursor.indentation == 4


@pytest.mark.parametrize("marked", ["‸", "x‸", "x‸\n", "x‸\n\n  \n"])
def test_next_line_is_none_where_only_blank_lines_follow(marked: str) -> None:
    assert cursor_at(marked).next_line is None


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read_as_a_newline_and_given_back(ending: str) -> None:
    cursor = cursor_at("a\nb‸c\nd".replace("\n", ending))
    assert cursor.text == "a\nbc\nd"
    assert cursor.line_ending == ending
    assert (cursor.line_prefix, cursor.line_suffix) == ("b", "c")
    assert cursor.document_offset == 2 + len(ending)


def test_cursor_between_the_halves_of_a_line_ending_stands_before_it() -> None:
    query = query_at("a\r‸\nb")
    cursor = look_from_cursor(query)
    assert (cursor.before, cursor.after) == ("a", "\nb")
    assert cursor.document_offset == 1


@pytest.mark.parametrize(("offset", "nearest"), [(-5, 0), (99, 3)])
def test_cursor_outside_the_text_is_taken_to_the_nearest_end(offset: int, nearest: int) -> None:
    query = CompletionQuery(uri="u", path=None, language="", text="abc", cursor=offset)
    assert look_from_cursor(query).offset == nearest


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    cursor = cursor_at("x = '\ud83d'‸")
    assert cursor.text == "x = '\ufffd'"
    assert cursor.text.encode()


@given(
    text=st.text(alphabet=st.sampled_from("ab\r\n \u2028\x0c\ud800"), max_size=30),
    offset=st.integers(0, 30),
)
def test_text_around_the_cursor_is_the_document_with_newlines(text: str, offset: int) -> None:
    cursor = look_from_cursor(
        CompletionQuery(uri="u", path=None, language="", text=text, cursor=offset)
    )
    assert cursor.before + cursor.after == cursor.text
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ud800", "\ufffd")
    assert cursor.text == expected
    assert cursor.text[: cursor.offset] == cursor.before
    # One constant takes offsets on the cursor's line back to the document.
    shift = cursor.document_offset - cursor.offset
    for index, char in enumerate(cursor.line_suffix):
        original = text[cursor.offset + shift + index]
        assert char == original.replace("\ud800", "\ufffd")
