from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.context.source import SourceText


@given(st.text(), st.data())
def test_offset_survives_the_way_to_bytes_and_back(text: str, data: st.DataObject) -> None:
    source = SourceText.of(text)
    offset = data.draw(st.integers(0, len(text)))
    assert source.offset_of(source.byte_of(offset)) == offset


@pytest.mark.parametrize(
    ("text", "offset", "point"),
    [
        ("ab\ncd", 4, (1, 1)),
        ("é\nü x", 4, (1, 3)),
        ("a😀b\r\nc", 3, (0, 6)),
        ("a😀b\r\nc", 5, (1, 0)),
        ("form\x0cfeed\u2028", 10, (0, 12)),
    ],
)
def test_point_counts_bytes_and_splits_at_newlines_only(
    text: str, offset: int, point: tuple[int, int]
) -> None:
    source = SourceText.of(text)
    assert source.point_of(source.byte_of(offset)) == point


def test_lone_surrogate_keeps_every_offset() -> None:
    source = SourceText.of("a\ud800b")
    assert source.offset_of(source.byte_of(2)) == 2
