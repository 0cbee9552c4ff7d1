"""Which fill-in-the-middle format a model file has, from its own vocabulary.

The family follows from the architecture and the texts of special tokens.  Neither the file's
name nor the FIM ids in its metadata prove anything: converters write such ids into every
first-generation Gemma (ggml-org/llama.cpp, convert_hf_to_gguf.py, GemmaModel).
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lsp_server.models.fim_formats import FIM_FORMATS, FimFormat, MarkerRole
from lsp_server.models.gguf import GgufHeader
from lsp_server.models.gguf_metadata import Metadata


@dataclass(frozen=True, slots=True)
class FimFinding:
    """What was found out about a model file.

    Attributes:
        format_id: A key of `FIM_FORMATS`, or `None`: the model cannot infill.
        reason: Sentences for people that say why.
        marker_tokens: Token id per role; empty without a format.
        stop_tokens: Ids of the family's stop texts and markers; empty without a format.
    """

    format_id: str | None
    reason: str
    marker_tokens: Mapping[MarkerRole, int]
    stop_tokens: frozenset[int]


class _TokenType(enum.IntEnum):
    """`tokenizer.ggml.token_type`; see `llama_token_type` in llama.cpp's include/llama.h."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


#: A marker learned from text by chance, such as HTML's `<PRE>`, is an ordinary token.
_MARKER_TYPES = frozenset({_TokenType.CONTROL, _TokenType.USER_DEFINED, _TokenType.UNUSED})


#: Keys of FIM token ids: the present one, and the one that older converters wrote.
_ID_KEYS = ("tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id")


class _Vocabulary:
    """Special tokens of a file by text."""

    def __init__(self, metadata: Metadata) -> None:
        texts = metadata.try_texts("tokenizer.ggml.tokens") or ()
        types = metadata.try_integers("tokenizer.ggml.token_type") or ()
        self.architecture = metadata.text("general.architecture")
        self.pre_tokenizer = metadata.try_text("tokenizer.ggml.pre")
        self.has_types = len(types) == len(texts)
        self._ids: defaultdict[str, list[int]] = defaultdict(list)
        for token, (text, type_) in enumerate(zip(texts, types, strict=False)):
            if type_ in _MARKER_TYPES:
                self._ids[text].append(token)

    def special_token(self, text: str) -> int | None:
        """Return the one special token with this text, or `None`."""
        ids = self._ids.get(text, [])
        return ids[0] if len(ids) == 1 else None

    def is_ambiguous(self, text: str) -> bool:
        """Whether several special tokens have this text."""
        return len(self._ids.get(text, [])) > 1

    def has_markers(self, fim_format: FimFormat) -> bool:
        """Whether each marker of a format is exactly one special token."""
        return all(self.special_token(text) is not None for text in fim_format.markers.values())

    def is_of_family(self, fim_format: FimFormat) -> bool:
        """Whether architecture and pre-tokenizer are those of the format's family."""
        if fim_format.architectures and self.architecture not in fim_format.architectures:
            return False
        known = fim_format.pre_tokenizers.get(self.architecture)
        return known is None or self.pre_tokenizer in known


def find_fim_format(header: GgufHeader) -> FimFinding:
    """Say how the model of a file is asked to fill in the middle.

    Raises:
        ModelFileError: The file does not name its architecture, or its vocabulary has the wrong
            type.
    """
    vocabulary = _Vocabulary(header.metadata)
    for fim_format in FIM_FORMATS.values():
        if vocabulary.has_markers(fim_format) and vocabulary.is_of_family(fim_format):
            return _found(fim_format, vocabulary, header.metadata)
    reason = _why_not(vocabulary, header.metadata)
    return FimFinding(None, reason, MappingProxyType({}), frozenset())


def _found(fim_format: FimFormat, vocabulary: _Vocabulary, metadata: Metadata) -> FimFinding:
    known_texts = {**fim_format.optional_markers, **fim_format.markers}
    tokens = {
        role: token
        for role, text in known_texts.items()
        if (token := vocabulary.special_token(text)) is not None
    }
    stop_tokens = {
        token
        for text in fim_format.stop_texts
        if (token := vocabulary.special_token(text)) is not None
    }
    return FimFinding(
        format_id=fim_format.id,
        reason=_why(fim_format, vocabulary.architecture, metadata),
        marker_tokens=MappingProxyType(tokens),
        stop_tokens=frozenset(stop_tokens | set(tokens.values())),
    )


def _why(fim_format: FimFormat, architecture: str, metadata: Metadata) -> str:
    sentences = [
        f"Format {fim_format.id}: architecture {architecture} and the special tokens "
        f"{' '.join(fim_format.markers.values())}."
    ]
    name = metadata.try_text("general.name")
    if name:
        sentences.append(f"The file calls itself {name!r}.")
    if metadata.try_text("tokenizer.chat_template") is None:
        sentences.append("Without a chat template, so probably a base model, as it should be.")
    else:
        sentences.append(
            "With a chat template, so perhaps an instruct model: where its maker offers a base "
            "model, that one infills better."
        )
    adds_bos = metadata.try_flag("tokenizer.ggml.add_bos_token")
    if None not in (adds_bos, fim_format.wants_bos) and adds_bos != fim_format.wants_bos:
        sentences.append(
            f"The file {'asks for' if adds_bos else 'does not ask for'} a BOS token, unlike "
            "its family; the file is followed."
        )
    return " ".join(sentences)


def _why_not(vocabulary: _Vocabulary, metadata: Metadata) -> str:
    if not vocabulary.has_types:
        return "The file does not say which of its tokens are special, so no marker can be found."
    for fim_format in FIM_FORMATS.values():
        doubled = [text for text in fim_format.markers.values() if vocabulary.is_ambiguous(text)]
        if doubled:
            return f"Several special tokens have the text {doubled[0]}; convert the model again."
    for fim_format in FIM_FORMATS.values():
        if vocabulary.has_markers(fim_format):
            return (
                f"The special tokens {' '.join(fim_format.markers.values())} are there, but no "
                f"known family has them with architecture {vocabulary.architecture} and "
                f"pre-tokenizer {vocabulary.pre_tokenizer or 'unnamed'}."
            )
    sentences = ["No known family's fill-in-the-middle markers are among its special tokens."]
    if any(metadata.value(key) is not None for key in _ID_KEYS):
        sentences.append(
            "Its metadata names FIM token ids, but converters write them into models that were "
            "never trained to infill, so they are not trusted."
        )
    sentences.append("Choose a code model that was trained to infill.")
    return " ".join(sentences)
