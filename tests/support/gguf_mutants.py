"""Damaged copies of a model file, as many as wanted and the same ones for the same seed."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from lsp_server.models.gguf_cursor import FileCursor
from lsp_server.models.gguf_tensors import read_tensors
from lsp_server.models.gguf_values import read_metadata

#: Start and size in bytes of a value in the header.
Place = tuple[int, int]

_NAN = struct.unpack("<I", struct.pack("<f", float("nan")))[0]
_MINUS_ONE = struct.unpack("<I", struct.pack("<f", -1.0))[0]
#: What numbers are made of that files get wrong: signs, limits, overflows, other types.
_NUMBERS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 16, 31, 32, 33, 64, 127, 128, 255, 256, 512, 513),
    *(2**15, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**62, 2**63 - 1, 2**63),
    *(2**64 - 32, 2**64 - 1, _NAN, _MINUS_ONE),
)


def mutants(content: bytes, seed: int, num_mutants: int) -> Iterator[bytes]:
    """Yield damaged copies of a good file.

    Args:
        content: The good file.
        seed: Of the damage.
        num_mutants: How many.
    """
    rng = random.Random(seed)
    places, header_bytes = _places(content)
    damages: tuple[Callable[[random.Random, bytes], bytes], ...] = (
        lambda rng, data: _with_number(rng, data, places),
        lambda rng, data: _with_number(rng, data, places),
        lambda rng, data: _with_number(rng, data, places[-60:]),
        lambda rng, data: _with_bytes(rng, data, header_bytes),
        lambda rng, data: _with_copy(rng, data, header_bytes),
        lambda rng, data: _with_hole(rng, data, header_bytes),
        lambda rng, data: data[: rng.randrange(len(data))],
    )
    weights = (30, 20, 20, 20, 10, 10, 5)
    for _ in range(num_mutants):
        data = content
        for damage in rng.choices(damages, weights, k=rng.choice((1, 1, 1, 2, 3))):
            data = damage(rng, data)
        yield data


class _RecordingCursor(FileCursor):
    """Remembers where each number was."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), Path("good.gguf"), len(content))
        self.places: list[Place] = []

    def scalar(self, code: str, what: str) -> int | float | bool:
        self.places.append((self.position, struct.calcsize("<" + code)))
        return super().scalar(code, what)


def _places(content: bytes) -> tuple[list[Place], int]:
    """Return where a good file's numbers are, and the size of its header in bytes."""
    cursor = _RecordingCursor(content)
    cursor.take(4, "the magic number")
    cursor.scalar("I", "the version")
    num_tensors, num_entries = cursor.count("tensors"), cursor.count("entries")
    read_metadata(cursor, num_entries)
    read_tensors(cursor, num_tensors, alignment=32)
    return cursor.places, cursor.position


def _with_number(rng: random.Random, data: bytes, places: list[Place]) -> bytes:
    start, size = rng.choice(places)
    old = int.from_bytes(data[start : start + size], "little")
    number = rng.choice((rng.choice(_NUMBERS), old + 1, old - 1, old * 2, old // 2, -old))
    return _replaced(data, start, (number % 2 ** (8 * size)).to_bytes(size, "little"))


def _with_bytes(rng: random.Random, data: bytes, header_bytes: int) -> bytes:
    return _replaced(data, rng.randrange(header_bytes), rng.randbytes(rng.choice((1, 1, 2, 4, 8))))


def _with_copy(rng: random.Random, data: bytes, header_bytes: int) -> bytes:
    source, size = rng.randrange(header_bytes), rng.randrange(1, 64)
    return _replaced(data, rng.randrange(header_bytes), data[source : source + size])


def _with_hole(rng: random.Random, data: bytes, header_bytes: int) -> bytes:
    start, size = rng.randrange(header_bytes), rng.randrange(40)
    return data[:start] + rng.randbytes(rng.randrange(40)) + data[start + size :]


def _replaced(data: bytes, start: int, new: bytes) -> bytes:
    return data[:start] + new + data[start + len(new) :]
