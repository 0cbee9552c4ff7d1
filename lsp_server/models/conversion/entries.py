"""Metadata entries as the bytes that a GGUF file has for them."""

from __future__ import annotations

import struct

from lsp_server.models.gguf_metadata import ArrayValue, MetadataEntry
from lsp_server.models.gguf_types import SCALAR_FORMATS, ValueType


def string_bytes(text: str) -> bytes:
    """Return a length-prefixed string."""
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def text_entry(key: str, text: str) -> bytes:
    """Return an entry with a string."""
    return _head(key, ValueType.STRING) + string_bytes(text)


def number_entry(key: str, type_: ValueType, number: float) -> bytes:
    """Return an entry with a number or a boolean."""
    return _head(key, type_) + struct.pack("<" + SCALAR_FORMATS[type_], number)


def array_entry(key: str, item_type: ValueType, num_items: int, data: bytes) -> bytes:
    """Return an entry with an array whose items are packed in `data`."""
    return _head(key, ValueType.ARRAY) + struct.pack("<IQ", item_type, num_items) + data


def value_entry(key: str, entry: MetadataEntry) -> bytes:
    """Return an entry with the value of another file's, under another key."""
    value = entry.value
    if isinstance(value, ArrayValue):
        return array_entry(key, value.item_type, value.num_items, value.data)
    if isinstance(value, str):
        return text_entry(key, value)
    return number_entry(key, entry.type, value)


def _head(key: str, type_: ValueType) -> bytes:
    return string_bytes(key) + struct.pack("<I", type_)
