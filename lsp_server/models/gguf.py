"""Reading the header of a GGUF file that nobody has checked yet.

Model libraries trust the numbers in a file, and some end the process over a wrong one.  So this
reader sees every file first and accepts only what it has checked.  Format: docs/gguf.md of
ggml-org/ggml.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf_cursor import FileCursor
from lsp_server.models.gguf_metadata import Metadata
from lsp_server.models.gguf_tensors import Tensor, check_places, read_tensors
from lsp_server.models.gguf_values import read_metadata

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
ALIGNMENT_KEY = "general.alignment"
#: Largest padding unit; files use 32, tools that map weights up to a page of 64 KiB.
MAX_ALIGNMENT = 1 << 20
_NOT_A_MODEL = "give the path of a .gguf model file"
_BYTE_SWAPPED_VERSIONS = tuple(version << 24 for version in VERSIONS)


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """All that a GGUF file says before its weights.

    Attributes:
        path: The file.
        version: GGUF version, 2 or 3.
        alignment: Tensors start at multiples of this many bytes.
        metadata: Typed key-value pairs.
        tensors: In the order of the file.
        data_offset: Offset in the file of the data section.
        file_bytes: Size of the file.
    """

    path: Path
    version: int
    alignment: int
    metadata: Metadata
    tensors: tuple[Tensor, ...]
    data_offset: int
    file_bytes: int


def read_gguf_header(path: Path) -> GgufHeader:
    """Read and check the header of a model file; its weights are not read.

    Raises:
        ModelFileError: It cannot be read, is no GGUF, or says something impossible.
    """
    with _opened(path) as cursor:
        version = _read_version(cursor)
        num_tensors = cursor.count("the number of tensors")
        metadata = read_metadata(cursor, cursor.count("the number of metadata values"))
        alignment = _alignment(cursor, metadata)
        tensors = read_tensors(cursor, num_tensors, alignment)
        data_offset = -(-cursor.position // alignment) * alignment
        check_places(cursor, tensors, data_offset)
        return GgufHeader(
            path, version, alignment, metadata, tensors, data_offset, cursor.file_bytes
        )


def require_weights(header: GgufHeader) -> None:
    """Check that the file is more than a vocabulary.

    Raises:
        ModelFileError: It has no tensors.
    """
    if not header.tensors:
        raise ModelFileError(
            f"{header.path}: the file holds a vocabulary and no weights (0 tensors), so it "
            "cannot complete anything; give the path of a whole model"
        )


@contextmanager
def _opened(path: Path) -> Iterator[FileCursor]:
    try:
        # Asked before opening: opening a named pipe would wait for a writer.
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise ModelFileError(f"{path}: this is {kind}; {_NOT_A_MODEL}")
        with path.open("rb") as file:
            yield FileCursor(file, path, os.fstat(file.fileno()).st_size)
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: there is no such file; {_NOT_A_MODEL}") from error
    except OSError as error:
        raise ModelFileError(
            f"{path}: the file cannot be read: {error.strerror}; check its permissions"
        ) from error


def _read_version(cursor: FileCursor) -> int:
    if cursor.file_bytes == 0:
        raise cursor.error("the file is empty")
    magic = cursor.take(min(len(MAGIC), cursor.file_bytes), "the magic number")
    if magic != MAGIC:
        raise _not_gguf(cursor, magic)
    version = int(cursor.scalar("I", "the version"))
    if version in _BYTE_SWAPPED_VERSIONS:
        raise cursor.error(
            "the file is written for big-endian machines", "download the little-endian version"
        )
    if version not in VERSIONS:
        raise cursor.error(
            f"its GGUF version is {version}; Bantam reads versions {VERSIONS[0]} and {VERSIONS[1]}",
            "convert the model again" if version < VERSIONS[0] else "download the model again",
        )
    return version


def _not_gguf(cursor: FileCursor, magic: bytes) -> ModelFileError:
    if magic == b"vers":
        return cursor.error(
            "this looks like a Git LFS pointer, not the model itself", "run `git lfs pull`"
        )
    return cursor.error(f"not a GGUF file: it begins with {magic!r}, not {MAGIC!r}", _NOT_A_MODEL)


def _alignment(cursor: FileCursor, metadata: Metadata) -> int:
    alignment = metadata.try_integer(ALIGNMENT_KEY)
    if alignment is None:
        return DEFAULT_ALIGNMENT
    is_power_of_two = alignment > 0 and alignment & (alignment - 1) == 0
    if not is_power_of_two or alignment > MAX_ALIGNMENT:
        raise cursor.error(
            f"{ALIGNMENT_KEY} is {alignment}; it must be a power of two up to {MAX_ALIGNMENT}"
        )
    return alignment
