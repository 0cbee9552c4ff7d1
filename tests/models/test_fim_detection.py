"""Which format is found in made-up vocabularies; the real ones have a test of their own."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.fim_detection import FimFinding, find_fim_format
from lsp_server.models.fim_formats import FIM_FORMATS, FimFormat, FimOrder, MarkerRole
from lsp_server.models.gguf import read_gguf_header
from lsp_server.models.gguf_types import ValueType
from tests.support.gguf_files import RawGguf, array, scalar, text, texts

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
PIPED = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
PLAIN = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
DEEPSEEK = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")


class Finder:
    """Writes a file with some special tokens and asks about it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self,
        architecture: str,
        special: Sequence[str],
        *,
        type_: int = CONTROL,
        extra: Mapping[str, str] | None = None,
        more_entries: tuple[bytes, ...] = (),
    ) -> FimFinding:
        tokens = ["a", "b", *special]
        types = [NORMAL] * 2 + [type_] * len(special)
        entries = [
            text("general.architecture", architecture),
            texts("tokenizer.ggml.tokens", tokens),
            array(
                "tokenizer.ggml.token_type",
                ValueType.INT32,
                len(types),
                struct.pack(f"<{len(types)}i", *types),
            ),
            *(text(key, value) for key, value in (extra or {}).items()),
            *more_entries,
        ]
        path = RawGguf(entries=tuple(entries)).write(self._folder)
        return find_fim_format(read_gguf_header(path))


@pytest.fixture
def find(tmp_path: Path) -> Finder:
    return Finder(tmp_path)


@pytest.mark.parametrize("fim_format", FIM_FORMATS.values(), ids=FIM_FORMATS)
def test_formats_are_complete(fim_format: FimFormat) -> None:
    needed = {MarkerRole.FIM_PREFIX, MarkerRole.FIM_SUFFIX}
    if fim_format.order is not FimOrder.SUFFIX_PREFIX:
        needed.add(MarkerRole.FIM_MIDDLE)
    assert needed <= fim_format.markers.keys()
    assert fim_format.stop_texts
    assert fim_format.source
    assert len(set(fim_format.markers.values())) == len(fim_format.markers)
    assert fim_format.pre_tokenizers.keys() <= fim_format.architectures


@pytest.mark.parametrize("fim_format", FIM_FORMATS.values(), ids=FIM_FORMATS)
def test_every_format_is_found_in_its_own_vocabulary(fim_format: FimFormat, find: Finder) -> None:
    for architecture in fim_format.architectures or {"any"}:
        known = fim_format.pre_tokenizers.get(architecture, {"default"})
        special = dict.fromkeys([*fim_format.markers.values(), *fim_format.stop_texts])
        for pre_tokenizer in known:
            found = find(architecture, list(special), extra={"tokenizer.ggml.pre": pre_tokenizer})
            assert found.format_id == fim_format.id
            assert len(found.stop_tokens) == len(special)
            assert found.marker_tokens.keys() >= fim_format.markers.keys()


def test_tokens_are_found_by_text(find: Finder) -> None:
    finding = find("llama", ["<pad>", *DEEPSEEK, "<｜end▁of▁sentence｜>"], type_=USER_DEFINED)
    assert finding.marker_tokens == {
        MarkerRole.FIM_PREFIX: 3,
        MarkerRole.FIM_SUFFIX: 4,
        MarkerRole.FIM_MIDDLE: 5,
    }
    assert finding.stop_tokens == {3, 4, 5, 6}


@pytest.mark.parametrize(
    ("architecture", "separator", "expected"),
    [
        ("gemma", "<|file_separator|>", "codegemma"),
        ("qwen2", "<|file_sep|>", "qwen2.5-coder"),
        ("qwen3moe", "<|file_sep|>", "qwen2.5-coder"),
        ("granite", "<|fim_pad|>", "granite-4"),
        ("gemma2", "<|file_separator|>", None),
        ("llama", "<|file_sep|>", None),
    ],
)
def test_family_decides_where_texts_are_shared(
    architecture: str, separator: str, expected: str | None, find: Finder
) -> None:
    finding = find(architecture, [*PIPED, separator])
    assert finding.format_id == expected
    if expected is None:
        assert "no known family" in finding.reason
        assert architecture in finding.reason


@pytest.mark.parametrize(
    ("pre_tokenizer", "expected"),
    [("mellum", "mellum"), ("refact", "granite-code"), ("smollm", None), ("llama-bpe", None)],
)
def test_pre_tokenizer_decides_where_architectures_are_shared(
    pre_tokenizer: str, expected: str | None, find: Finder
) -> None:
    extra = {"tokenizer.ggml.pre": pre_tokenizer}
    assert find("llama", [*PLAIN, "<filename>"], extra=extra).format_id == expected


def test_fim_ids_in_metadata_prove_nothing(find: Finder) -> None:
    ids = scalar("tokenizer.ggml.prefix_token_id", ValueType.UINT32, 67)
    finding = find("gemma", ["<bos>", "<eos>"], more_entries=(ids,))
    assert finding.format_id is None
    assert "not trusted" in finding.reason


def test_ascii_look_alikes_are_refused(find: Finder) -> None:
    look_alikes = ["<|fim_begin|>", "<|fim_hole|>", "<|fim_end|>", "<|fim▁begin|>"]
    assert find("llama", look_alikes).format_id is None


def test_missing_middle_is_refused(find: Finder) -> None:
    assert find("llama", DEEPSEEK[:2]).format_id is None


def test_doubled_marker_is_refused(find: Finder) -> None:
    finding = find("llama", [*DEEPSEEK, DEEPSEEK[1]])
    assert finding.format_id is None
    assert f"Several special tokens have the text {DEEPSEEK[1]}" in finding.reason


def test_ordinary_tokens_are_no_markers(find: Finder) -> None:
    # HTML's <PRE> may be one token of a vocabulary that knows nothing of infilling.
    assert find("llama", DEEPSEEK, type_=NORMAL).format_id is None
    assert find("llama", DEEPSEEK, type_=UNUSED).format_id == "deepseek-coder"


def test_file_without_token_types_says_so(tmp_path: Path) -> None:
    entries = (text("general.architecture", "llama"), texts("tokenizer.ggml.tokens", DEEPSEEK))
    finding = find_fim_format(read_gguf_header(RawGguf(entries=entries).write(tmp_path)))
    assert finding.format_id is None
    assert "does not say which of its tokens are special" in finding.reason


def test_reason_tells_base_from_instruct(find: Finder) -> None:
    base = find("llama", DEEPSEEK, extra={"general.name": "Coder"})
    assert "base model" in base.reason
    assert "'Coder'" in base.reason
    template = {"tokenizer.chat_template": "{{ messages }}"}
    assert "instruct" in find("llama", DEEPSEEK, extra=template).reason


def test_reason_tells_of_an_unexpected_bos_flag(find: Finder) -> None:
    flag = scalar("tokenizer.ggml.add_bos_token", ValueType.BOOL, False)
    assert "BOS" in find("llama", DEEPSEEK, more_entries=(flag,)).reason
    flag = scalar("tokenizer.ggml.add_bos_token", ValueType.BOOL, True)
    assert "BOS" not in find("llama", DEEPSEEK, more_entries=(flag,)).reason


def test_architecture_must_be_named(tmp_path: Path) -> None:
    path = RawGguf(entries=()).write(tmp_path)
    with pytest.raises(ModelFileError, match=r"general\.architecture is missing"):
        find_fim_format(read_gguf_header(path))
