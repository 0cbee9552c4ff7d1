"""Copies of model files with other metadata or other packing, written by the `gguf` package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np


def copy_model(
    source: Path,
    target: Path,
    changes: Mapping[str, tuple[gguf.GGUFValueType, Any]] | None = None,
    *,
    architecture: str = "llama",
    packing: str | None = None,
    left_out: str | None = None,
) -> Path:
    """Write a copy and return its path.

    Args:
        source: Any GGUF file.
        target: Where the copy is written.
        changes: Metadata values, added or in the place of the source's.
        architecture: `general.architecture`.
        packing: How matrices are packed, such as `F16`; as in the source by default.
        left_out: A tensor or metadata value that the copy has not.
    """
    reader = gguf.GGUFReader(source)
    changes = changes or {}
    writer = gguf.GGUFWriter(target, architecture)
    for key, field in reader.fields.items():
        is_own = key.startswith("GGUF.") or key == "general.architecture"
        if not is_own and key not in changes and key != left_out:
            item_type = field.types[-1] if field.types[1:] else None
            writer.add_key_value(key, field.contents(), field.types[0], item_type)
    for key, (type_, value) in changes.items():
        writer.add_key_value(key, value, type_)
    for tensor in reader.tensors:
        if tensor.name != left_out:
            _add_tensor(writer, tensor, packing)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _add_tensor(writer: gguf.GGUFWriter, tensor: Any, packing: str | None) -> None:
    is_matrix = len(tensor.shape) > 1
    if packing is None or not is_matrix:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        return
    numbers = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    type_ = gguf.GGMLQuantizationType[packing]
    writer.add_tensor(tensor.name, gguf.quants.quantize(numbers, type_), raw_dtype=type_)
