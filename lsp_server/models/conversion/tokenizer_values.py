"""The tokenizer's values in a converted file.

Text becomes tokens outside of ctransformers, which wants a vocabulary for loading only: of the
token texts it looks for a newline's and for no other.  The true values stand beside it under
keys of our own, so that a converted file is complete.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.models.conversion.entries import array_entry, number_entry, text_entry, value_entry
from lsp_server.models.conversion.refusal import cannot_run
from lsp_server.models.gguf import GgufHeader
from lsp_server.models.gguf_types import ValueType

#: Before the key of a value of the source file.
SOURCE_PREFIX = "bantam.source."

#: Byte-level BPE families (`tokenizer.ggml.pre`) whose text Bantam can tokenise by itself.
PRE_TOKENIZERS = ("deepseek-coder",)

_TOKENIZER = "tokenizer."
#: What GPT-2's alphabet has for a newline, and what the library looks for.
_NEWLINE = "\u010a"
_NEWLINE_FOR_LIBRARY = b"<0x0A>"
_NORMAL, _BYTE = 1, 6


@dataclass(frozen=True, slots=True)
class TokenizerValues:
    """What was checked of a file's vocabulary.

    Attributes:
        num_tokens: How many tokens there are.
        newline_token: The token of a newline.
        special_ids: Ids by key, all within the vocabulary.
    """

    num_tokens: int
    newline_token: int
    special_ids: dict[str, int]


def read_tokenizer_values(header: GgufHeader) -> TokenizerValues:
    """Check a file's vocabulary.

    Raises:
        ModelFileError: Bantam cannot tokenise for it without llama.cpp, or it is damaged.
    """
    metadata = header.metadata
    kind = metadata.text("tokenizer.ggml.model")
    if kind != "gpt2":
        raise cannot_run(
            header.path,
            f"its vocabulary is of the kind {kind!r}, and without llama.cpp Bantam tokenises "
            "byte-level BPE ('gpt2') alone",
        )
    pre_tokenizer = metadata.try_text("tokenizer.ggml.pre")
    if pre_tokenizer not in PRE_TOKENIZERS:
        raise cannot_run(
            header.path,
            f"its pre-tokenizer is {pre_tokenizer or 'unnamed'}, and without llama.cpp Bantam "
            f"knows {', '.join(PRE_TOKENIZERS)} alone",
        )
    tokens = metadata.texts("tokenizer.ggml.tokens")
    types = metadata.integers("tokenizer.ggml.token_type")
    if len(types) != len(tokens):
        raise cannot_run(header.path, f"it has {len(tokens)} tokens and {len(types)} token types")
    if _NEWLINE not in tokens:
        raise cannot_run(header.path, "no token of its vocabulary is a newline")
    return TokenizerValues(len(tokens), tokens.index(_NEWLINE), _special_ids(header, len(tokens)))


def tokenizer_entries(header: GgufHeader, values: TokenizerValues) -> Iterator[bytes]:
    """Yield the metadata entries of a converted file's vocabulary."""
    num_tokens, newline = values.num_tokens, values.newline_token
    texts = [b""] * num_tokens
    texts[newline] = _NEWLINE_FOR_LIBRARY
    types = [_NORMAL] * num_tokens
    types[newline] = _BYTE
    yield text_entry("tokenizer.ggml.model", "llama")
    yield array_entry(
        "tokenizer.ggml.tokens",
        ValueType.STRING,
        num_tokens,
        b"".join(struct.pack("<Q", len(text)) + text for text in texts),
    )
    yield array_entry("tokenizer.ggml.scores", ValueType.FLOAT32, num_tokens, bytes(4 * num_tokens))
    yield array_entry(
        "tokenizer.ggml.token_type",
        ValueType.INT32,
        num_tokens,
        struct.pack(f"<{num_tokens}i", *types),
    )
    for key, token in values.special_ids.items():
        yield number_entry(key, ValueType.UINT32, token)
    for key, entry in header.metadata.entries.items():
        if key.startswith(_TOKENIZER):
            yield value_entry(SOURCE_PREFIX + key, entry)


def _special_ids(header: GgufHeader, num_tokens: int) -> dict[str, int]:
    ids: dict[str, int] = {}
    for key in ("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"):
        token = header.metadata.try_integer(key)
        if token is not None and not 0 <= token < num_tokens:
            raise cannot_run(header.path, f"{key} is {token}, outside its {num_tokens} tokens")
        # Where the file does not say, the library would take an id that may not exist.
        ids[key] = 0 if token is None else token
    return ids
