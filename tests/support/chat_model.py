"""Synthetic models with a chat template and the tokens that it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gguf

from scripts.synthetic_model.vocabulary import VocabularyData, VocabularyField, tiny_vocabulary
from scripts.synthetic_model.write import Shape, write_model

CHATML_TOKENS = ("<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content "
    "+ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def with_special_tokens(
    vocabulary: VocabularyData, texts: Sequence[str], type_: gguf.TokenType
) -> VocabularyData:
    """Return the vocabulary with more special tokens at its end."""
    fields = []
    for field in vocabulary.fields:
        if field.key == gguf.Keys.Tokenizer.LIST:
            field = replace(field, value=[*field.value, *texts])
        elif field.key == gguf.Keys.Tokenizer.TOKEN_TYPE:
            field = replace(field, value=[*field.value, *[int(type_)] * len(texts)])
        fields.append(field)
    return VocabularyData(vocabulary.num_tokens + len(texts), tuple(fields))


def write_chat_model(
    path: Path,
    *,
    template: str | None = CHATML,
    tokens: Sequence[str] = CHATML_TOKENS,
    type_: gguf.TokenType = gguf.TokenType.CONTROL,
    name: str = "tiny",
) -> None:
    """Write a llama.cpp model of random weights that has the tokens and the template."""
    vocabulary = with_special_tokens(tiny_vocabulary(), tokens, type_)
    if template is not None:
        chat = VocabularyField("tokenizer.chat_template", template, gguf.GGUFValueType.STRING)
        vocabulary = replace(vocabulary, fields=(*vocabulary.fields, chat))
    write_model(path, vocabulary, Shape(), name=name)
