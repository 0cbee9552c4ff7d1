"""The metadata of a GGUF file, with typed questions about it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf_types import INTEGER_TYPES, SCALAR_FORMATS, ValueType

_T = TypeVar("_T")
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class ArrayValue:
    """An array as its bytes in the file, decoded when somebody asks.

    Attributes:
        item_type: Type of the items; never `ARRAY`.
        num_items: How many.
        data: The items as the file has them.
    """

    item_type: ValueType
    num_items: int
    data: bytes


MetadataValue = int | float | bool | str | ArrayValue


@dataclass(frozen=True, slots=True)
class MetadataEntry:
    """One value with its type."""

    type: ValueType
    value: MetadataValue

    @property
    def description(self) -> str:
        """The type for people."""
        if isinstance(self.value, ArrayValue):
            return f"an array of {self.value.item_type.name}"
        return f"of type {self.type.name}"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Typed access; `try_` answers `None` when the key is absent, the others raise.

    All of them raise `ModelFileError` when the value has another type.
    """

    path: Path
    entries: Mapping[str, MetadataEntry]

    def try_text(self, key: str) -> str | None:
        """Return a string."""
        value = self.value(key)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong_type(key, "a string")

    def text(self, key: str) -> str:
        """Return a string that must be there."""
        return self._present(key, self.try_text(key))

    def try_integer(self, key: str) -> int | None:
        """Return a whole number."""
        value = self.value(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self._wrong_type(key, "an integer")

    def integer(self, key: str) -> int:
        """Return a whole number that must be there."""
        return self._present(key, self.try_integer(key))

    def try_number(self, key: str) -> float | None:
        """Return a number, whole or not."""
        value = self.value(key)
        if isinstance(value, float):
            return value
        integer = self.try_integer(key)
        return None if integer is None else float(integer)

    def number(self, key: str) -> float:
        """Return a number, whole or not, that must be there."""
        return self._present(key, self.try_number(key))

    def try_flag(self, key: str) -> bool | None:
        """Return a boolean."""
        value = self.value(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong_type(key, "a boolean")

    def flag(self, key: str) -> bool:
        """Return a boolean that must be there."""
        return self._present(key, self.try_flag(key))

    def try_texts(self, key: str) -> tuple[str, ...] | None:
        """Return an array of strings; bytes that are not UTF-8 become lone surrogates."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, ArrayValue) and value.item_type is ValueType.STRING:
            return tuple(_strings(value))
        raise self._wrong_type(key, "an array of strings")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an array of strings that must be there."""
        return self._present(key, self.try_texts(key))

    def try_integers(self, key: str) -> tuple[int, ...] | None:
        """Return an array of whole numbers."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, ArrayValue) and value.item_type in INTEGER_TYPES:
            layout = f"<{value.num_items}{SCALAR_FORMATS[value.item_type]}"
            return struct.unpack(layout, value.data)
        raise self._wrong_type(key, "an array of integers")

    def integers(self, key: str) -> tuple[int, ...]:
        """Return an array of whole numbers that must be there."""
        return self._present(key, self.try_integers(key))

    def value(self, key: str) -> MetadataValue | None:
        """Return a value of any type."""
        entry = self.entries.get(key)
        return None if entry is None else entry.value

    def _present(self, key: str, value: _T | None) -> _T:
        if value is None:
            raise ModelFileError(
                f"{self.path}: the metadata value {key} is missing; convert the model again"
            )
        return value

    def _wrong_type(self, key: str, wanted: str) -> ModelFileError:
        return ModelFileError(
            f"{self.path}: the metadata value {key} must be {wanted}, but it is "
            f"{self.entries[key].description}; convert the model again"
        )


def _strings(array: ArrayValue) -> Iterator[str]:
    """Decode strings whose lengths were checked when the file was read."""
    data, position = array.data, 0
    for _ in range(array.num_items):
        start = position + _LENGTH.size
        position = start + _LENGTH.unpack_from(data, position)[0]
        yield data[start:position].decode("utf-8", "surrogateescape")
