"""Vocabularies for synthetic models: a tiny one built in, or that of another GGUF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

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
    """Return the vocabulary of another GGUF file."""
    reader = gguf.GGUFReader(path)
    fields = tuple(
        VocabularyField(
            key, field.contents(), field.types[0], field.types[-1] if field.types[1:] else None
        )
        for key, field in reader.fields.items()
        if key.startswith("tokenizer.")
    )
    tokens = reader.fields[gguf.Keys.Tokenizer.LIST].contents()
    return VocabularyData(len(tokens), fields)


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
