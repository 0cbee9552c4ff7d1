from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import read_gguf_header
from lsp_server.models.gguf_metadata import Metadata
from lsp_server.models.gguf_types import INTEGER_TYPES, ValueType
from tests.support.gguf_files import RawGguf, array, scalar, text, texts

ACCESSORS: list[Callable[[Metadata, str], Any]] = [
    Metadata.text,
    Metadata.integer,
    Metadata.number,
    Metadata.flag,
    Metadata.texts,
    Metadata.integers,
]


@pytest.fixture
def metadata(tmp_path: Path) -> Metadata:
    entries = (
        text("text", "ü"),
        scalar("integer", ValueType.INT16, -3),
        scalar("number", ValueType.FLOAT32, 0.5),
        scalar("flag", ValueType.BOOL, True),
        texts("texts", ["a", "", "ü"]),
        array("integers", ValueType.UINT16, 3, b"\1\0\2\0\3\0"),
        array("numbers", ValueType.FLOAT32, 1, b"\0\0\0\0"),
        text("broken", b"a\xff"),
    )
    return read_gguf_header(RawGguf(entries=entries).write(tmp_path)).metadata


def test_values_come_in_their_types(metadata: Metadata) -> None:
    assert metadata.text("text") == "ü"
    assert metadata.integer("integer") == -3
    assert metadata.number("number") == 0.5
    assert metadata.number("integer") == -3.0
    assert metadata.flag("flag") is True
    assert metadata.texts("texts") == ("a", "", "ü")
    assert metadata.integers("integers") == (1, 2, 3)


def test_broken_utf8_is_replaced(metadata: Metadata) -> None:
    assert metadata.text("broken") == "a\ufffd"


@pytest.mark.parametrize("accessor", ACCESSORS)
def test_missing_value_is_named(
    accessor: Callable[[Metadata, str], Any], metadata: Metadata
) -> None:
    with pytest.raises(ModelFileError, match=r"model\.gguf: the metadata value absent is missing"):
        accessor(metadata, "absent")


def test_missing_value_can_be_tried(metadata: Metadata) -> None:
    assert metadata.try_text("absent") is None
    assert metadata.try_integer("absent") is None
    assert metadata.try_number("absent") is None
    assert metadata.try_flag("absent") is None
    assert metadata.try_texts("absent") is None
    assert metadata.try_integers("absent") is None


@pytest.mark.parametrize(
    ("accessor", "key"),
    [
        (Metadata.text, "integer"),
        (Metadata.integer, "flag"),
        (Metadata.integer, "number"),
        (Metadata.number, "flag"),
        (Metadata.flag, "integer"),
        (Metadata.texts, "text"),
        (Metadata.texts, "integers"),
        (Metadata.integers, "numbers"),
        (Metadata.integers, "texts"),
    ],
)
def test_value_of_another_type_is_named(
    accessor: Callable[[Metadata, str], Any], key: str, metadata: Metadata
) -> None:
    with pytest.raises(ModelFileError, match=f"the metadata value {key} must be "):
        accessor(metadata, key)


@pytest.mark.parametrize("type_", sorted(INTEGER_TYPES))
def test_every_integer_type_is_an_integer(type_: ValueType, tmp_path: Path) -> None:
    entries = (scalar("k", type_, 7),)
    assert read_gguf_header(RawGguf(entries=entries).write(tmp_path)).metadata.integer("k") == 7
