"""Positions in all three encodings, against the encodings of Python itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from lsp_server.server.protocol.indexed_text import IndexedText
from lsp_server.server.protocol.positions import PositionCodec

ENCODINGS = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: ("utf-16-le", 2),
    types.PositionEncodingKind.Utf32: ("utf-32-le", 4),
}


@pytest.mark.parametrize(
    ("encoding", "character"),
    [
        (types.PositionEncodingKind.Utf8, 7),
        (types.PositionEncodingKind.Utf16, 5),
        (types.PositionEncodingKind.Utf32, 4),
    ],
)
def test_the_example_of_the_specification(
    encoding: types.PositionEncodingKind, character: int
) -> None:
    text = IndexedText.of('x="😋"')
    codec = PositionCodec(encoding)
    assert codec.offset_of(text, types.Position(0, character)) == 4
    assert codec.position_of(text, 4) == types.Position(0, character)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("position", "offset"),
    [((0, 99), 2), ((1, 99), 5), ((7, 0), 6), ((99, 99), 6)],
)
def test_positions_outside_are_taken_to_the_nearest_end(
    encoding: types.PositionEncodingKind, position: tuple[int, int], offset: int
) -> None:
    text = IndexedText.of("ab\r\nc\n")
    assert PositionCodec(encoding).offset_of(text, types.Position(*position)) == offset


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_position_inside_a_character_means_its_beginning(
    encoding: types.PositionEncodingKind,
) -> None:
    text = IndexedText.of("a😀b")
    codec = PositionCodec(encoding)
    width = codec.position_of(text, 2).character - 1
    for inside in range(1, width):
        assert codec.offset_of(text, types.Position(0, 1 + inside)) == 1


@given(
    text=st.text(alphabet=st.sampled_from("ab\r\n\x0cé漢😀\u0301"), max_size=20),
    encoding=st.sampled_from(list(ENCODINGS)),
)
def test_offsets_come_back_and_count_code_units(
    text: str, encoding: types.PositionEncodingKind
) -> None:
    indexed = IndexedText.of(text)
    codec = PositionCodec(encoding)
    name, unit_bytes = ENCODINGS[encoding]
    for offset in range(len(text) + 1):
        start, end = indexed.line_span(indexed.line_of(offset))
        if offset > end:
            continue
        position = codec.position_of(indexed, offset)
        assert codec.offset_of(indexed, position) == offset
        assert position.character == len(text[start:offset].encode(name)) // unit_bytes


def test_half_a_surrogate_pair_is_one_unit() -> None:
    text = IndexedText.of("\ud83dx")
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    assert codec.offset_of(text, types.Position(0, 1)) == 1
