"""Documents stay what the client has, whatever it changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from lsp_server.server.protocol.documents import DocumentStore
from lsp_server.server.protocol.indexed_text import IndexedText
from lsp_server.server.protocol.positions import PositionCodec

URI = "untitled:Untitled-1"


def opened(text: str) -> DocumentStore:
    store = DocumentStore()
    store.open(types.TextDocumentItem(uri=URI, language_id="python", version=1, text=text))
    return store


def change(start: tuple[int, int], end: tuple[int, int], text: str):
    return types.TextDocumentContentChangePartial(
        range=types.Range(types.Position(*start), types.Position(*end)), text=text
    )


def apply(
    store: DocumentStore,
    *changes: types.TextDocumentContentChangeEvent,
    encoding: types.PositionEncodingKind = types.PositionEncodingKind.Utf16,
    version: int = 2,
) -> str:
    identifier = types.VersionedTextDocumentIdentifier(uri=URI, version=version)
    assert store.change(identifier, changes, PositionCodec(encoding))
    document = store.get(URI)
    assert document is not None
    assert document.version == version
    return document.text


def test_a_form_feed_is_no_line_break() -> None:
    store = opened("a\x0cb\nc\n")
    assert apply(store, change((1, 0), (1, 0), "X")) == "a\x0cb\nXc\n"


def test_changes_of_one_message_follow_each_other() -> None:
    store = opened("one\ntwo\n")
    changed = apply(store, change((0, 0), (1, 0), ""), change((0, 3), (0, 3), "!"))
    assert changed == "two!\n"


def test_a_change_without_a_range_is_the_whole_text() -> None:
    store = opened("old\n")
    whole = types.TextDocumentContentChangeWholeDocument(text="new")
    assert apply(store, whole, change((0, 3), (0, 3), "er")) == "newer"


@pytest.mark.parametrize(
    ("encoding", "character"),
    [
        (types.PositionEncodingKind.Utf8, 5),
        (types.PositionEncodingKind.Utf16, 3),
        (types.PositionEncodingKind.Utf32, 2),
    ],
)
def test_edit_behind_an_emoji(encoding: types.PositionEncodingKind, character: int) -> None:
    store = opened("'😀'\r\nx")
    at = (0, character)
    assert apply(store, change(at, at, "!"), encoding=encoding) == "'😀!'\r\nx"


def test_edits_past_the_end_land_at_the_end() -> None:
    assert apply(opened("a"), change((9, 9), (9, 9), "b")) == "ab"


def test_a_snapshot_is_current_until_the_document_changes() -> None:
    store = opened("a")
    document = store.get(URI)
    assert document is not None
    assert store.is_current(document)
    apply(store, change((0, 0), (0, 0), "b"))
    assert not store.is_current(document)
    assert document.text == "a"


def test_closed_and_unknown_documents_are_gone() -> None:
    store = opened("a")
    store.close(URI)
    store.close("file:///never/opened")
    assert store.get(URI) is None
    identifier = types.VersionedTextDocumentIdentifier(uri=URI, version=2)
    assert not store.change(identifier, (), PositionCodec(types.PositionEncodingKind.Utf8))


POSITIONS = st.tuples(st.integers(0, 5), st.integers(0, 8))


@given(
    text=st.text(alphabet=st.sampled_from("ab\r\n\x0cé😀\ud83d"), max_size=12),
    edits=st.lists(
        st.tuples(POSITIONS, POSITIONS, st.text(st.sampled_from("x\r\n😀"), max_size=3)),
        max_size=5,
    ),
    encoding=st.sampled_from(list(types.PositionEncodingKind)),
)
def test_any_sequence_of_edits_equals_a_slow_reference(
    text: str,
    edits: list[tuple[tuple[int, int], tuple[int, int], str]],
    encoding: types.PositionEncodingKind,
) -> None:
    store = opened(text)
    codec = PositionCodec(encoding)
    for first, second, new in edits:
        # The reference splits the whole text anew for every edit.
        fresh = IndexedText.of(text)
        places = sorted(codec.offset_of(fresh, types.Position(*at)) for at in (first, second))
        text = text[: places[0]] + new + text[places[1] :]
        assert apply(store, change(first, second, new), encoding=encoding) == text
