"""A model file with its copy for ctransformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsp_server.models.conversion.convert import write_converted
from lsp_server.models.conversion.plan import plan_conversion
from lsp_server.models.gguf import GgufHeader, read_gguf_header


class Converted:
    """A source file and its converted copy."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = read_gguf_header(source)
        write_converted(plan_conversion(self.source), target, lambda _fraction: None)
        self.copy = read_gguf_header(target)

    @staticmethod
    def weights(header: GgufHeader, name: str) -> bytes:
        (tensor,) = [tensor for tensor in header.tensors if tensor.name == name]
        start = header.data_offset + tensor.offset
        return header.path.read_bytes()[start : start + tensor.num_bytes]

    def value(self, key: str) -> Any:
        return self.copy.metadata.value(key)
