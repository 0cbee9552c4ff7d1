"""The vocabulary on llama.cpp's real vocabularies, with the tokenizer cases beside them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsp_server.engine.runners.llama_vocabulary import LlamaVocabulary
from lsp_server.errors import ModelFileError
from lsp_server.models.fim_detection import FimFinding
from lsp_server.models.fim_formats import FIM_FORMATS, MarkerRole
from tests.support.vocabularies import (
    CONTROL,
    USER_DEFINED,
    TokenizerCase,
    loaded_vocabulary,
    tokenizer_cases,
    vocabulary_file,
    with_markers,
)

BPE = [
    "command-r",
    "deepseek-coder",
    "deepseek-llm",
    "falcon",
    "gemma-4",
    "gpt-2",
    "llama-bpe",
    "mpt",
    "qwen2",
    "qwen35",
    "refact",
    "starcoder",
]
SENTENCEPIECE = ["llama-spm", "phi-3"]
#: Markers, roles and end tokens of DeepSeek-Coder, and what else is special in its vocabulary.
DEEPSEEK_LITERALS = [
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜fim▁hole｜>",
    "<｜fim▁begin｜>",
    "<｜fim▁end｜>",
    "<pad>",
    "<|User|>",
    "<|EOT|>",
    "[PAD32100]",
]
FIRST_DEEPSEEK_MARKER = 32013


def text_of(vocabulary: LlamaVocabulary, tokens: list[int]) -> str:
    return b"".join(map(vocabulary.token_bytes, tokens)).decode()


@pytest.mark.parametrize("name", BPE)
def test_tokens_are_those_of_the_makers_tokenizer(name: str, vocabularies: Path) -> None:
    path = vocabulary_file(vocabularies, name)
    with loaded_vocabulary(path) as vocabulary:
        for case in tokenizer_cases(path):
            assert TokenizerCase(case.text, tuple(vocabulary.tokenize(case.text))) == case


@pytest.mark.parametrize("name", SENTENCEPIECE)
def test_sentencepiece_adds_no_space_of_its_own(name: str, vocabularies: Path) -> None:
    path = vocabulary_file(vocabularies, name)
    with loaded_vocabulary(path) as vocabulary:
        for case in tokenizer_cases(path):
            # The cases are with SentencePiece's space before a text that is not empty.
            spaced = f" {case.text}" if case.text else ""
            assert TokenizerCase(case.text, tuple(vocabulary.tokenize(spaced))) == case
            assert text_of(vocabulary, vocabulary.tokenize(case.text)) == case.text


@pytest.fixture(scope="module")
def deepseek_file(vocabularies: Path) -> Path:
    return vocabulary_file(vocabularies, "deepseek-coder")


@pytest.fixture(scope="module")
def deepseek(deepseek_file: Path) -> Iterator[LlamaVocabulary]:
    with loaded_vocabulary(deepseek_file) as vocabulary:
        yield vocabulary


def test_roles_and_ends_of_deepseek_coder(deepseek: LlamaVocabulary) -> None:
    assert deepseek.size == 32_256
    assert deepseek.bos_token == 32_013
    assert deepseek.end_tokens == {32_014, 32_015, 32_016, 32_017, 32_021}
    assert deepseek.marker_token(MarkerRole.FIM_SUFFIX) == 32_015
    assert deepseek.marker_token(MarkerRole.FILE_SEPARATOR) is None
    assert deepseek.token_bytes(32_013) == b""


def test_bos_only_where_the_file_asks_for_it(vocabularies: Path) -> None:
    with loaded_vocabulary(vocabulary_file(vocabularies, "starcoder")) as vocabulary:
        assert vocabulary.bos_token is None
    with loaded_vocabulary(vocabulary_file(vocabularies, "llama-spm")) as vocabulary:
        assert vocabulary.bos_token == 1


@pytest.mark.parametrize("literal", DEEPSEEK_LITERALS)
def test_text_of_a_marker_does_not_become_the_marker(
    literal: str, deepseek: LlamaVocabulary
) -> None:
    source = f"# see {literal} and {literal}{literal}\nx = '{literal}'\n"
    tokens = deepseek.tokenize(source)
    assert max(tokens) < FIRST_DEEPSEEK_MARKER
    assert text_of(deepseek, tokens) == source


def test_text_around_a_marker_keeps_its_tokens(deepseek: LlamaVocabulary) -> None:
    before, after = "def first():\n    pass\n\n", "\n\ndef second():\n    return 1\n"
    tokens = deepseek.tokenize(f"{before}<｜fim▁hole｜>{after}")
    whole_before, whole_after = deepseek.tokenize(before), deepseek.tokenize(after)
    assert tokens[: len(whole_before)] == whole_before
    assert tokens[-len(whole_after) :] == whole_after


def test_single_characters_stay_what_they_are(deepseek: LlamaVocabulary) -> None:
    # `ü` is a user-defined token of DeepSeek-Coder, and the model was trained to read it so.
    assert len(deepseek.tokenize("für")) == 3


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    parts=st.lists(
        st.sampled_from(DEEPSEEK_LITERALS)
        | st.text(max_size=8)
        | st.sampled_from(["<", "｜", "<｜fim▁", "\ud83d", "\0", "\r\n", "\t", "中文", "e\u0301"])
    )
)
def test_any_text_comes_back_and_holds_no_marker(
    parts: list[str], deepseek: LlamaVocabulary
) -> None:
    text = "".join(parts)
    tokens = deepseek.tokenize(text)
    assert all(token < FIRST_DEEPSEEK_MARKER for token in tokens)
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert text_of(deepseek, tokens) == expected


@pytest.mark.parametrize("char", ["a", "-", "中"])
def test_text_without_a_break_does_not_end_the_process(char: str, deepseek_file: Path) -> None:
    # In a process of its own: without the guard it dies of a stack overflow.
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.support.vocabularies import loaded_vocabulary\n"
        "with loaded_vocabulary(Path(sys.argv[1])) as vocabulary:\n"
        "    tokens = vocabulary.tokenize(sys.argv[2] * 100_000)\n"
        "    print(len(b''.join(map(vocabulary.token_bytes, tokens)).decode()))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(deepseek_file), char],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert (result.returncode, result.stdout.strip()) == (0, "100000"), result.stderr


def test_many_threads_get_the_same_tokens(deepseek: LlamaVocabulary) -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    expected = deepseek.tokenize(source)
    with ThreadPoolExecutor(8) as pool:
        assert all(result == expected for result in pool.map(deepseek.tokenize, [source] * 32))


def test_token_outside_the_vocabulary_is_an_error(deepseek: LlamaVocabulary) -> None:
    for token in (-1, deepseek.size):
        with pytest.raises(IndexError, match=str(token)):
            deepseek.token_bytes(token)


@pytest.mark.parametrize(
    ("source", "architecture", "fim_format_id", "token_type"),
    [
        ("qwen2", "qwen2", "qwen2.5-coder", CONTROL),
        ("qwen2", "qwen2", "qwen2.5-coder", USER_DEFINED),
        ("llama-spm", "gemma", "codegemma", CONTROL),
        ("llama-spm", "gemma", "codegemma", USER_DEFINED),
        ("llama-spm", "llama", "codellama", CONTROL),
        ("llama-spm", "llama", "codellama", USER_DEFINED),
        ("llama-spm", "llama", "codestral", CONTROL),
    ],
)
def test_families_made_by_appending_markers(
    source: str,
    architecture: str,
    fim_format_id: str,
    token_type: int,
    vocabularies: Path,
    tmp_path: Path,
) -> None:
    fim_format = FIM_FORMATS[fim_format_id]
    path = with_markers(
        vocabulary_file(vocabularies, source),
        tmp_path,
        [*fim_format.markers.values(), *fim_format.stop_texts],
        architecture=architecture,
        token_type=token_type,
    )
    with loaded_vocabulary(path) as vocabulary:
        markers = {role: vocabulary.marker_token(role) for role in fim_format.markers}
        assert len(set(markers.values())) == len(fim_format.markers)
        assert vocabulary.end_tokens.issuperset(filter(None, markers.values()))
        document = "x = 1 " + " ".join(fim_format.markers.values()) + " y"
        tokens = vocabulary.tokenize(document)
        assert vocabulary.end_tokens.isdisjoint(tokens)
        # SentencePiece reads U+2581 as a blank.
        assert text_of(vocabulary, tokens) == document.replace("\u2581", " ")


def test_vocabulary_of_a_text_encoder_is_refused(vocabularies: Path) -> None:
    with (
        pytest.raises(ModelFileError, match="neither byte-level BPE nor SentencePiece"),
        loaded_vocabulary(vocabulary_file(vocabularies, "bert-bge")),
    ):
        pass


def test_finding_that_does_not_fit_the_model_is_refused(
    deepseek_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = FimFinding(None, "", {}, frozenset({40_000}))
    monkeypatch.setattr("tests.support.vocabularies.finding_of", lambda path: wrong)
    with (
        pytest.raises(ModelFileError, match=r"\[40000\] are outside the 32256 tokens"),
        loaded_vocabulary(deepseek_file),
    ):
        pass
