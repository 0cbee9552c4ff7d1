"""The shipped model's vocabulary, as llama.cpp reads it.

The fixture holds what the training tokenizer gave for texts on which tokenizers tend to disagree;
`scripts/train_embedded_model export --vocabulary-cases` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "lsp_server/models/embedded/bantam-embedded-q8_0.gguf"
CASES = json.loads(Path(__file__).with_name("embedded_vocabulary.json").read_text(encoding="utf-8"))
MARKERS = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<|EOT|>")
MAX_FILE_BYTES = 15_000_000

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(not MODEL.exists(), reason="the embedded model is not in this checkout"),
]


@pytest.fixture(scope="module")
def llama() -> Iterator[Any]:
    llama = llama_cpp.Llama(str(MODEL), vocab_only=True, verbose=False)
    yield llama
    llama.close()


@pytest.mark.parametrize("case", CASES, ids=[repr(case["text"][:20]) for case in CASES])
def test_token_ids_are_those_of_training(llama: Any, case: dict[str, object]) -> None:
    text = str(case["text"])
    assert llama.tokenize(text.encode(), add_bos=False, special=False) == case["ids"]


def test_every_text_comes_back(llama: Any) -> None:
    for case in CASES:
        assert llama.detokenize(case["ids"]) == case["text"].encode()


def test_every_byte_has_a_token(llama: Any) -> None:
    pieces = {llama.detokenize([token]) for token in range(llama.n_vocab())}
    assert {bytes([byte]) for byte in range(256)} <= pieces


@pytest.mark.parametrize("marker", MARKERS)
def test_each_marker_is_one_token(llama: Any, marker: str) -> None:
    assert len(llama.tokenize(marker.encode(), add_bos=False, special=True)) == 1


def test_one_begin_marker_is_added(llama: Any) -> None:
    ids = llama.tokenize(b"x = 1", add_bos=True, special=False)
    assert ids.count(llama.token_bos()) == 1
    assert ids[0] == llama.token_bos()


def test_the_file_is_small() -> None:
    assert MODEL.stat().st_size < MAX_FILE_BYTES
