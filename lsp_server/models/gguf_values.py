"""Reading the metadata section of a GGUF file."""

from __future__ import annotations

import struct
from types import MappingProxyType

from lsp_server.models.gguf_cursor import FileCursor
from lsp_server.models.gguf_metadata import ArrayValue, Metadata, MetadataEntry, MetadataValue
from lsp_server.models.gguf_types import SCALAR_FORMATS, ValueType

MAX_METADATA_ENTRIES = 65_536
MAX_KEY_BYTES = 65_535
#: Longest array; the longest ones are a vocabulary's merges, of some 500,000.
MAX_ARRAY_ITEMS = 4 * 1024 * 1024
#: Key length, one character, value type, one byte of value.
SMALLEST_ENTRY_BYTES = 8 + 1 + 4 + 1


def read_metadata(cursor: FileCursor, num_entries: int) -> Metadata:
    """Read all key-value pairs.

    Raises:
        ModelFileError: They are cut or absurd, or two have the same key.
    """
    if num_entries > MAX_METADATA_ENTRIES:
        raise cursor.error(
            f"it announces {num_entries} metadata values; at most {MAX_METADATA_ENTRIES} are "
            "allowed"
        )
    cursor.require(num_entries * SMALLEST_ENTRY_BYTES, f"a list of {num_entries} metadata values")
    entries: dict[str, MetadataEntry] = {}
    for index in range(num_entries):
        key = _read_key(cursor, index)
        if key in entries:
            raise cursor.error(f"the metadata value {key!r} is there twice")
        type_ = _read_type(cursor, f"the type of {key}")
        entries[key] = MetadataEntry(type_, _read_value(cursor, key, type_))
    return Metadata(cursor.path, MappingProxyType(entries))


def _read_key(cursor: FileCursor, index: int) -> str:
    raw_key = cursor.string(f"the key of metadata value {index}", MAX_KEY_BYTES)
    try:
        key = raw_key.decode()
    except UnicodeDecodeError as error:
        raise cursor.error(f"the key of metadata value {index} is not UTF-8") from error
    if not key:
        raise cursor.error(f"the key of metadata value {index} is empty")
    return key


def _read_type(cursor: FileCursor, what: str) -> ValueType:
    number = int(cursor.scalar("I", what))
    try:
        return ValueType(number)
    except ValueError as error:
        raise cursor.error(f"{what} is {number}; types go from 0 to {max(ValueType)}") from error


def _read_value(cursor: FileCursor, key: str, type_: ValueType) -> MetadataValue:
    if type_ is ValueType.STRING:
        return cursor.string(key).decode("utf-8", "replace")
    if type_ is ValueType.ARRAY:
        return _read_array(cursor, key)
    return cursor.scalar(SCALAR_FORMATS[type_], key)


def _read_array(cursor: FileCursor, key: str) -> ArrayValue:
    item_type = _read_type(cursor, f"the item type of {key}")
    if item_type is ValueType.ARRAY:
        raise cursor.error(f"the metadata value {key} is an array of arrays, which is not allowed")
    num_items = cursor.count(f"the length of {key}")
    if num_items > MAX_ARRAY_ITEMS:
        raise cursor.error(
            f"the array {key} has {num_items} items; at most {MAX_ARRAY_ITEMS} are allowed"
        )
    if item_type is ValueType.STRING:
        return ArrayValue(item_type, num_items, cursor.strings(num_items, key))
    item_bytes = struct.calcsize("<" + SCALAR_FORMATS[item_type])
    return ArrayValue(item_type, num_items, cursor.take(num_items * item_bytes, key))
