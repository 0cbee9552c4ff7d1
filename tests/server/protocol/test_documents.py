"""Documents stay what the client has, whatever it changes."""

from __future__ import annotations

import pytest
from lsprotocol import types

from lsp_server.server.protocol.documents import DocumentStore
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


def test_an_edit_may_replace_half_of_a_surrogate_pair() -> None:
    # What a client sends that compares texts unit by unit: U+1F600 becomes U+1F601.
    store = opened("'😀'")
    assert apply(store, change((0, 2), (0, 3), "\ude01")) == "'😁'"


def test_halves_of_a_pair_that_come_together_are_one_character() -> None:
    store = opened("")
    assert apply(store, change((0, 0), (0, 0), "\ud83d")) == "\ud83d"
    assert apply(store, change((0, 1), (0, 1), "\ude00")) == "😀"
    assert apply(store, change((0, 1), (0, 1), "-")) == "\ud83d-\ude00"
    assert apply(store, change((0, 1), (0, 2), "")) == "😀"


def test_in_other_encodings_a_position_inside_a_character_means_its_beginning() -> None:
    utf_8 = types.PositionEncodingKind.Utf8
    assert apply(opened("é😀"), change((0, 1), (0, 4), "-"), encoding=utf_8) == "-😀"


def test_a_document_that_lost_a_change_is_not_given_out() -> None:
    store = opened("a")
    document = store.get(URI)
    assert document is not None
    assert store.lose(URI)
    assert not store.lose(URI), "it is no news any more"
    assert (store.get(URI), store.all(), store.is_current(document)) == (None, (), False)
    assert store.is_out_of_step(URI)


def test_a_document_out_of_step_takes_nothing_up_to_a_whole_text() -> None:
    store = opened("old")
    store.lose(URI)
    identifier = types.VersionedTextDocumentIdentifier(uri=URI, version=2)
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    insertion = change((0, 0), (0, 0), "x")
    assert store.change(identifier, [insertion], codec)
    assert store.is_out_of_step(URI)
    whole = types.TextDocumentContentChangeWholeDocument(text="new")
    assert apply(store, insertion, whole, insertion) == "xnew"
    assert not store.is_out_of_step(URI)


def test_a_document_that_was_never_read_needs_to_be_opened() -> None:
    store = DocumentStore()
    assert store.lose(URI)
    identifier = types.VersionedTextDocumentIdentifier(uri=URI, version=2)
    whole = types.TextDocumentContentChangeWholeDocument(text="new")
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    assert not store.change(identifier, [whole], codec), "its language is unknown"
    store.close(URI)
    assert not store.is_out_of_step(URI)
