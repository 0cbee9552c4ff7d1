"""GGUF files written byte by byte, so that tests can write wrong ones too."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lsp_server.models.gguf_types import SCALAR_FORMATS, ValueType

ALIGNMENT = 32


def string(text: str | bytes) -> bytes:
    """Return a length-prefixed string."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def entry(key: str | bytes, type_: int, value: bytes) -> bytes:
    """Return a metadata entry."""
    return string(key) + struct.pack("<I", type_) + value


def scalar(key: str, type_: ValueType, value: Any) -> bytes:
    """Return an entry with a number or a boolean."""
    return entry(key, type_, struct.pack("<" + SCALAR_FORMATS[type_], value))


def text(key: str, value: str | bytes) -> bytes:
    """Return an entry with a string."""
    return entry(key, ValueType.STRING, string(value))


def array(key: str, item_type: int, num_items: int, items: bytes) -> bytes:
    """Return an entry with an array."""
    return entry(key, ValueType.ARRAY, struct.pack("<IQ", item_type, num_items) + items)


def texts(key: str, values: Sequence[str]) -> bytes:
    """Return an entry with an array of strings."""
    return array(key, ValueType.STRING, len(values), b"".join(map(string, values)))


@dataclass(frozen=True)
class RawTensor:
    """A tensor entry with its data; the defaults are a good one."""

    name: str | bytes = "token_embd.weight"
    shape: tuple[int, ...] = (4, 2)
    type: int = 0
    offset: int = 0
    num_data_bytes: int = 32

    def entry(self) -> bytes:
        """Return its line in the tensor list."""
        shape = struct.pack(f"<I{len(self.shape)}Q", len(self.shape), *self.shape)
        return string(self.name) + shape + struct.pack("<IQ", self.type, self.offset)


@dataclass(frozen=True)
class RawGguf:
    """A file; the defaults are a small, good one."""

    magic: bytes = b"GGUF"
    version: int = 3
    entries: tuple[bytes, ...] = field(default=(text("general.architecture", "llama"),))
    tensors: tuple[RawTensor, ...] = (RawTensor(),)
    num_tensors: int | None = None
    num_entries: int | None = None
    alignment: int = ALIGNMENT
    data: bytes | None = None

    def changed(self, **changes: Any) -> RawGguf:
        """Return a copy with other values."""
        return replace(self, **changes)

    def content(self) -> bytes:
        """Return the bytes of the file."""
        num_tensors = len(self.tensors) if self.num_tensors is None else self.num_tensors
        num_entries = len(self.entries) if self.num_entries is None else self.num_entries
        head = self.magic + struct.pack("<IQQ", self.version, num_tensors, num_entries)
        head += b"".join(self.entries) + b"".join(tensor.entry() for tensor in self.tensors)
        head += bytes(-len(head) % self.alignment)
        ends = [tensor.offset + tensor.num_data_bytes for tensor in self.tensors]
        return head + (bytes(max(ends, default=0)) if self.data is None else self.data)

    def write(self, folder: Path) -> Path:
        """Write the file and return its path."""
        path = folder / "model.gguf"
        path.write_bytes(self.content())
        return path
