"""A position in a file that is read from the start, and never past its end.

Every length is checked against the bytes that remain before anything is read or made, so a
hostile file can neither make us allocate by its word nor read outside it.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from lsp_server.errors import ModelFileError

#: Largest header that is read; vocabularies of 256,000 tokens take about 16 MiB.
MAX_HEADER_BYTES = 256 * 1024 * 1024
#: Longest string; chat templates are the longest ones, of some ten KiB.
MAX_STRING_BYTES = 16 * 1024 * 1024
_FIRST_READ_BYTES = 256 * 1024
_LENGTH = struct.Struct("<Q")


class FileCursor:
    """Reads little-endian values one after the other.

    Attributes:
        path: The file, for messages.
        position: Offset of the next byte.
        file_bytes: Size of the file.
    """

    def __init__(self, file: BinaryIO, path: Path, file_bytes: int) -> None:
        self.path = path
        self.position = 0
        self.file_bytes = file_bytes
        self._file = file
        # Plain reads, no mapping: a mapped file that is cut while we look at it ends the process.
        self._loaded = b""

    def error(self, problem: str, remedy: str = "download the model again") -> ModelFileError:
        """Return the error that names this file."""
        return ModelFileError(f"{self.path}: {problem}; {remedy}")

    def require(self, num_bytes: int, what: str) -> None:
        """Check that so many bytes follow.

        Raises:
            ModelFileError: The file ends earlier, or its header is absurdly long.
        """
        remaining = self.file_bytes - self.position
        if num_bytes > remaining:
            raise self.error(
                f"the file is truncated or damaged: {what} needs {num_bytes} bytes at offset "
                f"{self.position}, but only {remaining} follow"
            )
        if self.position + num_bytes > MAX_HEADER_BYTES:
            raise self.error(f"the header is longer than {MAX_HEADER_BYTES} bytes, the limit")

    def take(self, num_bytes: int, what: str) -> bytes:
        """Return the next bytes and step over them.

        Raises:
            ModelFileError: The file ends earlier.
        """
        self._load(num_bytes, what)
        start = self.position
        self.position += num_bytes
        return self._loaded[start : self.position]

    def scalar(self, code: str, what: str) -> int | float | bool:
        """Return the next number; `code` is its `struct` format.

        Raises:
            ModelFileError: The file ends earlier.
        """
        layout = struct.Struct("<" + code)
        value: int | float | bool = layout.unpack(self.take(layout.size, what))[0]
        return value

    def count(self, what: str) -> int:
        """Return the next unsigned 64-bit number."""
        return int(self.scalar("Q", what))

    def string(self, what: str, max_bytes: int = MAX_STRING_BYTES) -> bytes:
        """Return the bytes of the next length-prefixed string.

        Raises:
            ModelFileError: It is longer than `max_bytes` or than the rest of the file.
        """
        num_bytes = self.count(f"the length of {what}")
        if num_bytes > max_bytes:
            raise self.error(f"{what} has {num_bytes} bytes; at most {max_bytes} are allowed")
        return self.take(num_bytes, what)

    def strings(self, num_strings: int, what: str) -> bytes:
        """Step over so many length-prefixed strings and return the bytes that they take.

        Raises:
            ModelFileError: One is too long, or the file ends earlier.
        """
        self.require(num_strings * _LENGTH.size, what)
        start = self.position
        unpack, loaded = _LENGTH.unpack_from, self._loaded
        for _ in range(num_strings):
            if self.position + _LENGTH.size > len(loaded):
                self._load(_LENGTH.size, what)
                loaded = self._loaded
            num_bytes = unpack(loaded, self.position)[0]
            if num_bytes > MAX_STRING_BYTES:
                raise self.error(
                    f"{what} has a string of {num_bytes} bytes; at most {MAX_STRING_BYTES} are "
                    "allowed"
                )
            self.position += _LENGTH.size + num_bytes
        end, self.position = self.position, start
        return self.take(end - start, what)

    def _load(self, num_bytes: int, what: str) -> None:
        """Have the next bytes in memory; doubles what is loaded, so that copies stay few."""
        self.require(num_bytes, what)
        end = self.position + num_bytes
        missing = end - len(self._loaded)
        if missing <= 0:
            return
        self._loaded += self._file.read(max(missing, len(self._loaded), _FIRST_READ_BYTES))
        if len(self._loaded) < end:
            raise self.error("the file became shorter while it was read")
