"""How text is cut before byte-pair encoding, by `tokenizer.ggml.pre`.

Each pattern in turn cuts what the ones before it left; matches and what lies between them become
pieces.  Source: `LLAMA_VOCAB_PRE_TYPE_*` in src/llama-vocab.cpp of ggml-org/llama.cpp.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PATTERNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deepseek-coder": (
            r"[\r\n]",
            r"\s?\p{L}+",
            r"\s?\p{P}+",
            "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
            r"\p{N}",
        ),
    }
)
