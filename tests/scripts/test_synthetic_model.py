from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsp_server.engine.runners.base import BatchToken
from lsp_server.engine.runners.llama_models import load_llama_model
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header, require_weights
from lsp_server.settings.schema import EngineSettings
from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.cli import main
from tests.support.vocabularies import loaded_vocabulary, vocabulary_file


def test_tiny_model_infills_like_deepseek_coder(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    assert main([str(path)]) == 0
    header = read_gguf_header(path)
    require_weights(header)
    assert find_fim_format(header).format_id == "deepseek-coder"
    assert header.metadata.integer("llama.context_length") == 2_048


def test_tiny_vocabulary_has_words_and_bytes(tiny_model: Path) -> None:
    with loaded_vocabulary(tiny_model) as vocabulary:
        assert [vocabulary.token_bytes(token) for token in vocabulary.tokenize("    return ü")] == [
            b"   ",
            b" return",
            b" ",
            b"\xc3",
            b"\xbc",
        ]


@pytest.mark.parametrize("architecture", tuple(ARCHITECTURES))
def test_every_architecture_is_loaded(architecture: str, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    assert main([str(path), "--architecture", architecture]) == 0
    model = load_llama_model(str(path), EngineSettings(), lambda _: True)
    try:
        assert model.info.architecture == architecture
        logits = model.runner.forward([BatchToken(20 + n, n, 0, n == 99) for n in range(100)])
        assert logits is not None
        assert np.isfinite(logits[0]).all()
    finally:
        model.runner.close()


def test_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "model.gguf", tmp_path / "b" / "model.gguf"]
    for path in paths:
        path.parent.mkdir()
        main([str(path), "--seed", "3"])
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_shape_follows_the_options(tmp_path: Path) -> None:
    path = tmp_path / "shaped.gguf"
    options = "--layers 3 --embedding 32 --heads 8 --kv-heads 4 --feed-forward 48 --context 256"
    assert main([str(path), *options.split()]) == 0
    metadata = read_gguf_header(path).metadata
    assert metadata.integer("llama.block_count") == 3
    assert metadata.integer("llama.attention.head_count_kv") == 4
    assert metadata.integer("llama.context_length") == 256


@pytest.mark.parametrize("options", ["--embedding 30 --heads 4", "--heads 4 --kv-heads 3"])
def test_impossible_shape_is_refused(
    options: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "x.gguf"), *options.split()]) == 2
    assert "must be a multiple" in capsys.readouterr().err


def test_vocabulary_of_another_file_is_taken(vocabularies: Path, tmp_path: Path) -> None:
    path, source = tmp_path / "real.gguf", vocabulary_file(vocabularies, "deepseek-coder")
    options = "--layers 1 --embedding 8 --heads 1 --kv-heads 1 --feed-forward 8"
    assert main([str(path), "--vocabulary", str(source), *options.split()]) == 0
    ours, theirs = read_gguf_header(path).metadata, read_gguf_header(source).metadata
    assert ours.texts("tokenizer.ggml.tokens") == theirs.texts("tokenizer.ggml.tokens")
    assert ours.integers("tokenizer.ggml.token_type") == theirs.integers(
        "tokenizer.ggml.token_type"
    )
