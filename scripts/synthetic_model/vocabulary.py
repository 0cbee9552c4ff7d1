"""Vocabularies for synthetic models: a tiny one built in, or that of another GGUF file."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gguf

from lsp_server.models.gguf import read_gguf_header
from lsp_server.models.gguf_metadata import ArrayValue, Metadata
from lsp_server.models.gguf_types import SCALAR_FORMATS, ValueType

#: In the order of DeepSeek-Coder's own vocabulary; the bars are U+FF5C, the low lines U+2581.
MARKERS = (
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜fim▁hole｜>",
    "<｜fim▁begin｜>",
    "<｜fim▁end｜>",
    "<|EOT|>",
)
_NUM_CONTROL_MARKERS = 2
#: Words that become single tokens, with and without a space before them.
_WORDS = ("def", "return", "self", "import", "class", "for", "in", "if", "else", "print", "None")
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class VocabularyField:
    """One metadata value as the file has it."""

    key: str
    value: Any
    type: gguf.GGUFValueType
    item_type: gguf.GGUFValueType | None = None


@dataclass(frozen=True, slots=True)
class VocabularyData:
    """All `tokenizer.*` metadata of a file.

    Attributes:
        num_tokens: How many tokens there are.
        fields: The metadata values.
    """

    num_tokens: int
    fields: tuple[VocabularyField, ...]


def tiny_vocabulary(*, has_fim_markers: bool = True) -> VocabularyData:
    """Return 256 bytes, some Python words and DeepSeek-Coder's markers.

    Args:
        has_fim_markers: Whether those for filling in the middle are among them.
    """
    markers = MARKERS if has_fim_markers else MARKERS[:_NUM_CONTROL_MARKERS]
    alphabet = _byte_alphabet()
    merges: list[str] = []
    for word in _WORDS:
        _add_merges(merges, [alphabet[byte] for byte in word.encode()])
        _add_merges(merges, [alphabet[ord(" ")], word])
    _add_merges(merges, [alphabet[byte] for byte in _INDENT.encode()])
    tokens = [alphabet[byte] for byte in range(256)]
    tokens += [merge.replace(" ", "") for merge in merges]
    num_ordinary = len(tokens)
    tokens += markers
    types = [gguf.TokenType.NORMAL] * num_ordinary
    types += [gguf.TokenType.CONTROL] * _NUM_CONTROL_MARKERS
    types += [gguf.TokenType.USER_DEFINED] * (len(markers) - _NUM_CONTROL_MARKERS)
    kind = gguf.GGUFValueType
    fields = (
        VocabularyField(gguf.Keys.Tokenizer.MODEL, "gpt2", kind.STRING),
        VocabularyField(gguf.Keys.Tokenizer.PRE, "deepseek-coder", kind.STRING),
        VocabularyField(gguf.Keys.Tokenizer.LIST, tokens, kind.ARRAY, kind.STRING),
        VocabularyField(
            gguf.Keys.Tokenizer.TOKEN_TYPE, [int(type_) for type_ in types], kind.ARRAY, kind.INT32
        ),
        VocabularyField(gguf.Keys.Tokenizer.MERGES, merges, kind.ARRAY, kind.STRING),
        VocabularyField(gguf.Keys.Tokenizer.BOS_ID, num_ordinary, kind.UINT32),
        VocabularyField(gguf.Keys.Tokenizer.EOS_ID, num_ordinary + 1, kind.UINT32),
        VocabularyField(gguf.Keys.Tokenizer.ADD_BOS, True, kind.BOOL),
    )
    return VocabularyData(len(tokens), fields)


def vocabulary_of(path: Path) -> VocabularyData:
    """Return the vocabulary of another GGUF file.

    Raises:
        ModelError: It is none.
    """
    metadata = read_gguf_header(path).metadata
    fields = tuple(
        _field(metadata, key) for key in metadata.entries if key.startswith("tokenizer.")
    )
    return VocabularyData(len(metadata.texts(gguf.Keys.Tokenizer.LIST)), fields)


def _field(metadata: Metadata, key: str) -> VocabularyField:
    entry = metadata.entries[key]
    type_ = gguf.GGUFValueType(entry.type)
    if not isinstance(entry.value, ArrayValue):
        return VocabularyField(key, entry.value, type_)
    item_type = entry.value.item_type
    value: Sequence[Any]
    if item_type is ValueType.STRING:
        value = metadata.texts(key)
    else:
        layout = f"<{entry.value.num_items}{SCALAR_FORMATS[item_type]}"
        value = struct.unpack(layout, entry.value.data)
    return VocabularyField(key, value, type_, gguf.GGUFValueType(item_type))


def with_special_tokens(
    vocabulary: VocabularyData, texts: Sequence[str], type_: gguf.TokenType
) -> VocabularyData:
    """Return the vocabulary with those special tokens at its end that it does not have."""
    tokens = next(
        field.value for field in vocabulary.fields if field.key == gguf.Keys.Tokenizer.LIST
    )
    known = set(tokens)
    texts = [text for text in texts if text not in known]
    added: dict[str, Sequence[Any]] = {
        gguf.Keys.Tokenizer.LIST: texts,
        gguf.Keys.Tokenizer.TOKEN_TYPE: [int(type_)] * len(texts),
        gguf.Keys.Tokenizer.SCORES: [0.0] * len(texts),
    }
    fields = tuple(
        replace(field, value=[*field.value, *added[field.key]]) if field.key in added else field
        for field in vocabulary.fields
    )
    return VocabularyData(vocabulary.num_tokens + len(texts), fields)


def _add_merges(merges: list[str], parts: list[str]) -> None:
    """Add the merges that join `parts` from the left, in BPE's order."""
    joined = parts[0]
    for part in parts[1:]:
        merge = f"{joined} {part}"
        if merge not in merges:
            merges.append(merge)
        joined += part


def _byte_alphabet() -> list[str]:
    """Return GPT-2's printable letter for each byte (openai/gpt-2 src/encoder.py)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
