"""The tensor list of a GGUF file: where the weights lie, checked against the file's size."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.models.gguf_cursor import FileCursor
from lsp_server.models.gguf_types import TENSOR_TYPES, TensorType

MAX_TENSORS = 1_000_000
#: ggml keeps names in 64 bytes with a final zero.
MAX_NAME_BYTES = 63
MAX_DIMENSIONS = 4
#: ggml counts elements and bytes in signed 64-bit numbers.
MAX_ELEMENTS = 2**63 - 1
#: Embedding and output matrix, which may be the same weights.
TIED_NAMES = frozenset({"token_embd.weight", "output.weight"})
#: Name length, dimension count, one dimension, type, offset.
SMALLEST_TENSOR_BYTES = 8 + 4 + 8 + 4 + 8


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's place.

    Attributes:
        name: Its name.
        shape: Sizes of 1 to 4 dimensions, the row length first.
        type: How its numbers are packed.
        offset: Offset of its first byte from the start of the data section.
        num_bytes: Bytes that it takes, without padding.
    """

    name: str
    shape: tuple[int, ...]
    type: TensorType
    offset: int
    num_bytes: int


def read_tensors(cursor: FileCursor, num_tensors: int, alignment: int) -> tuple[Tensor, ...]:
    """Read the tensor list.

    Raises:
        ModelFileError: It is cut, absurd, or two tensors share a name.
    """
    if num_tensors > MAX_TENSORS:
        raise cursor.error(f"it announces {num_tensors} tensors; at most {MAX_TENSORS} are allowed")
    cursor.require(num_tensors * SMALLEST_TENSOR_BYTES, f"a list of {num_tensors} tensors")
    tensors: dict[str, Tensor] = {}
    for index in range(num_tensors):
        tensor = _read_tensor(cursor, f"tensor {index}", alignment)
        if tensor.name in tensors:
            raise cursor.error(f"two tensors are called {tensor.name!r}")
        tensors[tensor.name] = tensor
    return tuple(tensors.values())


def check_places(cursor: FileCursor, tensors: Sequence[Tensor], data_offset: int) -> None:
    """Check that no two tensors overlap and that the file holds all of them.

    Only an output matrix may lie where the embedding does: two names for tied weights.

    Raises:
        ModelFileError: They overlap, or the file ends before the last one does.
    """
    in_order = sorted(tensors, key=lambda tensor: tensor.offset)
    for before, after in itertools.pairwise(in_order):
        is_overlap = before.offset + before.num_bytes > after.offset
        if is_overlap and not _are_tied(before, after):
            raise cursor.error(f"the tensors {before.name!r} and {after.name!r} overlap")
    if in_order:
        needed = data_offset + in_order[-1].offset + in_order[-1].num_bytes
        if needed > cursor.file_bytes:
            raise cursor.error(
                f"the file is truncated: its tensors end at byte {needed}, but it has only "
                f"{cursor.file_bytes} bytes"
            )


def _are_tied(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors are the two names of a tied embedding; `conversion` writes it."""
    names = {one.name, other.name}
    return names == TIED_NAMES and dataclasses.replace(one, name=other.name) == other


def _read_tensor(cursor: FileCursor, what: str, alignment: int) -> Tensor:
    raw_name = cursor.string(f"the name of {what}", MAX_NAME_BYTES)
    try:
        name = raw_name.decode()
    except UnicodeDecodeError as error:
        raise cursor.error(f"the name of {what} is not UTF-8: {raw_name!r}") from error
    shape = _read_shape(cursor, name)
    type_number = int(cursor.scalar("I", f"the type of {name!r}"))
    type_ = TENSOR_TYPES.get(type_number)
    if type_ is None:
        raise cursor.error(
            f"the tensor {name!r} has the type number {type_number}, which Bantam does not know",
            "choose another quantisation of the model",
        )
    if shape[0] % type_.block_elements != 0:
        raise cursor.error(
            f"the tensor {name!r} has rows of {shape[0]} numbers, which is no multiple of "
            f"{type_.name}'s block of {type_.block_elements}"
        )
    offset = cursor.count(f"the offset of {name!r}")
    if offset % alignment != 0:
        raise cursor.error(
            f"the tensor {name!r} lies at offset {offset}, which is no multiple of the "
            f"alignment {alignment}"
        )
    num_bytes = math.prod(shape) // type_.block_elements * type_.block_bytes
    return Tensor(name, shape, type_, offset, num_bytes)


def _read_shape(cursor: FileCursor, name: str) -> tuple[int, ...]:
    num_dimensions = int(cursor.scalar("I", f"the number of dimensions of {name!r}"))
    if not 1 <= num_dimensions <= MAX_DIMENSIONS:
        raise cursor.error(
            f"the tensor {name!r} has {num_dimensions} dimensions; 1 to {MAX_DIMENSIONS} are "
            "allowed"
        )
    shape = tuple(cursor.count(f"the shape of {name!r}") for _ in range(num_dimensions))
    if 0 in shape or math.prod(shape) > MAX_ELEMENTS:
        raise cursor.error(
            f"the tensor {name!r} has the shape {shape}; every size must be at least 1 and "
            f"their product at most {MAX_ELEMENTS}"
        )
    return shape
