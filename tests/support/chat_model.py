"""Synthetic models with a chat template and the tokens that it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gguf

from scripts.synthetic_model.architectures.base import Architecture
from scripts.synthetic_model.architectures.llama import LLAMA
from scripts.synthetic_model.vocabulary import (
    VocabularyData,
    VocabularyField,
    tiny_vocabulary,
    with_special_tokens,
)
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
