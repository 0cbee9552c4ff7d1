"""Our own tokenising must give what llama.cpp gives for the same file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.engine.api import MarkerRole
from lsp_server.engine.runners.bpe_vocabulary import BpeVocabulary
from lsp_server.engine.runners.llama_vocabulary import LlamaVocabulary
from lsp_server.engine.runners.pre_tokenizers import PATTERNS
from lsp_server.errors import ModelFileError
from lsp_server.models.conversion.tokenizer_values import PRE_TOKENIZERS
from lsp_server.models.gguf import read_gguf_header
from tests.support.vocabularies import (
    finding_of,
    loaded_vocabulary,
    tokenizer_cases,
    vocabulary_file,
)

PACKAGE = Path(__file__).parents[3] / "lsp_server"
HARD_TEXTS = (
    "",
    " ",
    "a<｜fim▁hole｜>b<|EOT|><｜begin▁of▁sentence｜>",
    "ü÷ÿ ü õ",
    "\ud800x",
    "x" * 5_000,
    " " * 5_000,
    "\r\n\n\r\t \x85\u2028\u00a0a \u3000b \x1c\x1f",
    "日本語テキスト 한국어 ١٢٣ ½Ⅷ² é̂ नमस्ते คุณ 🙂👩‍👩‍👧 \x00\x01",
)
STEP = 16


def blocks_of_characters() -> Iterator[str]:
    """Yield all characters of the first three planes, each after a space and after letters."""
    for start in range(0, 0x30000, STEP):
        block = range(start, start + STEP)
        yield " a".join(chr(code) for code in block if not 0xD800 <= code < 0xE000)


@pytest.fixture(scope="module", params=["deepseek-coder", "bantam-embedded"])
def vocabulary_path(request: pytest.FixtureRequest, embedded_model: Path) -> Path:
    if request.param == "bantam-embedded":
        return embedded_model
    folder: Path = request.getfixturevalue("vocabularies")
    return vocabulary_file(folder, request.param)


@pytest.fixture(scope="module")
def reference(vocabulary_path: Path) -> Iterator[LlamaVocabulary]:
    with loaded_vocabulary(vocabulary_path) as vocabulary:
        yield vocabulary


@pytest.fixture(scope="module")
def vocabulary(vocabulary_path: Path) -> BpeVocabulary:
    return read(vocabulary_path)


def read(path: Path) -> BpeVocabulary:
    return BpeVocabulary(read_gguf_header(path), finding_of(path), path.stem)


def test_facts_are_those_of_llama_cpp(
    vocabulary: BpeVocabulary, reference: LlamaVocabulary
) -> None:
    assert vocabulary.size == reference.size
    assert vocabulary.bos_token == reference.bos_token is not None
    assert vocabulary.end_tokens == reference.end_tokens
    for role in MarkerRole:
        assert vocabulary.marker_token(role) == reference.marker_token(role)


def test_bytes_of_every_token_are_those_of_llama_cpp(
    vocabulary: BpeVocabulary, reference: LlamaVocabulary
) -> None:
    ours = [vocabulary.token_bytes(token) for token in range(vocabulary.size)]
    assert ours == [reference.token_bytes(token) for token in range(reference.size)]


def test_code_becomes_the_tokens_of_llama_cpp(
    vocabulary: BpeVocabulary, reference: LlamaVocabulary
) -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert vocabulary.tokenize(text) == reference.tokenize(text), path.name


def test_every_character_becomes_the_tokens_of_llama_cpp(
    vocabulary: BpeVocabulary, reference: LlamaVocabulary
) -> None:
    for text in blocks_of_characters():
        assert vocabulary.tokenize(text) == reference.tokenize(text), ascii(text)


@pytest.mark.parametrize("text", HARD_TEXTS, ids=range(len(HARD_TEXTS)))
def test_hard_texts_become_the_tokens_of_llama_cpp(
    text: str, vocabulary: BpeVocabulary, reference: LlamaVocabulary
) -> None:
    assert vocabulary.tokenize(text) == reference.tokenize(text)
    assert vocabulary.tokenize_template(text) == reference.tokenize_template(text)


def test_document_text_never_becomes_a_marker(vocabulary: BpeVocabulary) -> None:
    markers = {vocabulary.marker_token(role) for role in MarkerRole} - {None}
    tokens = vocabulary.tokenize("<｜fim▁begin｜><｜fim▁hole｜><｜fim▁end｜><|EOT|>")
    assert markers
    assert markers.isdisjoint(tokens)
    assert vocabulary.end_tokens.isdisjoint(tokens)
    assert not vocabulary.end_tokens.isdisjoint(vocabulary.tokenize_template("a<|EOT|>"))


def test_cases_that_the_models_own_tokenizer_made(vocabularies: Path) -> None:
    path = vocabulary_file(vocabularies, "deepseek-coder")
    vocabulary = read(path)
    for case in tokenizer_cases(path):
        assert vocabulary.tokenize(case.text) == list(case.tokens), case.text


@pytest.mark.parametrize("name", ["qwen2", "llama-bpe", "starcoder", "deepseek-llm"])
def test_other_pre_tokenizers_are_refused_by_name(vocabularies: Path, name: str) -> None:
    with pytest.raises(ModelFileError, match=rf"pre-tokenizer '{name}'.*engine llama\.cpp"):
        read(vocabulary_file(vocabularies, name))


def test_sentencepiece_is_refused(vocabularies: Path) -> None:
    with pytest.raises(ModelFileError, match=r"'llama'.*engine llama\.cpp"):
        read(vocabulary_file(vocabularies, "llama-spm"))


def test_vocabulary_with_fewer_types_than_tokens_is_refused(embedded_model: Path) -> None:
    header = read_gguf_header(embedded_model)
    entries = dict(header.metadata.entries)
    entries["tokenizer.ggml.token_type"] = entries["general.tags"]
    metadata = dataclasses.replace(header.metadata, entries=entries)
    with pytest.raises(ModelFileError, match=r"token_type"):
        BpeVocabulary(
            dataclasses.replace(header, metadata=metadata), finding_of(embedded_model), "x"
        )


def test_unknown_tokens_have_no_bytes(vocabulary: BpeVocabulary) -> None:
    with pytest.raises(IndexError, match="outside"):
        vocabulary.token_bytes(vocabulary.size)


def test_conversion_takes_the_pre_tokenizers_that_we_know() -> None:
    assert set(PRE_TOKENIZERS) == set(PATTERNS)
