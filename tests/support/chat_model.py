"""Synthetic models with a chat template and the tokens that it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gguf

from scripts.synthetic_model.architectures.base import Architecture
from scripts.synthetic_model.architectures.llama import LLAMA
from scripts.synthetic_model.vocabulary import VocabularyData, VocabularyField, tiny_vocabulary
from scripts.synthetic_model.write import write_model

CHATML_TOKENS = ("<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content "
    "+ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
#: As google-gemma-2-2b-it.jinja of llama.cpp's models/templates has it.
GEMMA_TOKENS = ("<start_of_turn>", "<end_of_turn>")
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}"
    "{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)


def with_special_tokens(
    vocabulary: VocabularyData, texts: Sequence[str], type_: gguf.TokenType
) -> VocabularyData:
    """Return the vocabulary with those special tokens at its end that it does not have."""
    tokens = next(
        field.value for field in vocabulary.fields if field.key == gguf.Keys.Tokenizer.LIST
    )
    texts = [text for text in texts if text not in tokens]
    fields = []
    for field in vocabulary.fields:
        if field.key == gguf.Keys.Tokenizer.LIST:
            field = replace(field, value=[*field.value, *texts])
        elif field.key == gguf.Keys.Tokenizer.TOKEN_TYPE:
            field = replace(field, value=[*field.value, *[int(type_)] * len(texts)])
        elif field.key == gguf.Keys.Tokenizer.SCORES:
            field = replace(field, value=[*field.value, *[0.0] * len(texts)])
        fields.append(field)
    return VocabularyData(vocabulary.num_tokens + len(texts), tuple(fields))


def with_chat_template(vocabulary: VocabularyData, template: str) -> VocabularyData:
    """Return the vocabulary with a chat template."""
    chat = VocabularyField("tokenizer.chat_template", template, gguf.GGUFValueType.STRING)
    return replace(vocabulary, fields=(*vocabulary.fields, chat))


def write_chat_model(
    path: Path,
    *,
    template: str | None = CHATML,
    tokens: Sequence[str] = CHATML_TOKENS,
    type_: gguf.TokenType = gguf.TokenType.CONTROL,
    name: str = "tiny",
    architecture: Architecture = LLAMA,
    vocabulary: VocabularyData | None = None,
) -> None:
    """Write a llama.cpp model of random weights that has the tokens and the template."""
    vocabulary = with_special_tokens(vocabulary or tiny_vocabulary(), tokens, type_)
    if template is not None:
        vocabulary = with_chat_template(vocabulary, template)
    write_model(path, vocabulary, architecture=architecture, name=name)
