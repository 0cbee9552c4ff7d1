"""Offsets between a document and its plain form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.actions.line_endings import PlainText

DOCUMENTS = st.lists(st.sampled_from(["a", "é", "🦜", "\n", "\r\n", "\r", "\ud800"])).map("".join)


@given(DOCUMENTS)
def test_offsets_go_there_and_back(document: str) -> None:
    plain = PlainText.of(document)
    for offset in range(len(plain.text) + 1):
        there = plain.offset_in_document(offset)
        assert plain.offset_in_text(there) == offset
        assert len(PlainText.of(document[:there]).text) == offset
    assert "\r" not in plain.text
    assert plain.offset_in_document(len(plain.text)) == len(document)


def test_new_text_gets_the_ending_of_the_first_line() -> None:
    assert PlainText.of("a\r\nb\n").restored("x\ny") == "x\r\ny"
    assert PlainText.of("a").restored("x\ny") == "x\ny"
