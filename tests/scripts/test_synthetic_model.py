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
from scripts.synthetic_model.make import cached_preset, make_preset
from scripts.synthetic_model.presets import PRESETS
from scripts.synthetic_model.quantisation import Quantisation
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


def decode(path: Path) -> tuple[str, np.ndarray]:
    """Return the architecture and the logits behind a prompt and one more token."""
    model = load_llama_model(str(path), EngineSettings(), lambda _: True)
    try:
        model.runner.forward([BatchToken(20 + n, n, 0, False) for n in range(100)])
        logits = model.runner.forward([BatchToken(20, 100, 0, True)])
        assert logits is not None
        return model.info.architecture, logits[0].copy()
    finally:
        model.runner.close()


@pytest.mark.parametrize("architecture", tuple(ARCHITECTURES))
def test_every_architecture_is_loaded(architecture: str, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    assert main([str(path), "--architecture", architecture]) == 0
    loaded, logits = decode(path)
    assert loaded == architecture
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("quantisation", [one.name for one in Quantisation])
def test_every_quantisation_is_loaded(quantisation: str, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    sizes = "--layers 4 --embedding 256 --feed-forward 512"
    assert main([str(path), "--quantisation", quantisation, *sizes.split()]) == 0
    _, logits = decode(path)
    assert np.isfinite(logits).all()
    # Weights of the wanted spread keep the size of values: logits are about as large as 1.
    assert np.std(logits) == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("tiny-")])
def test_every_tiny_model_has_its_family_s_traits(
    name: str, vocabularies: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    assert main([str(path), "--model", name, "--quantisation", "Q8_0"]) == 0
    metadata = read_gguf_header(path).metadata
    loaded, logits = decode(path)
    assert loaded == PRESETS[name].architecture
    assert len(logits) == len(metadata.texts("tokenizer.ggml.tokens"))
    assert np.isfinite(logits).all()
    scaling = PRESETS[name].shape.rope_scaling
    if scaling is not None:
        assert metadata.text(f"{loaded}.rope.scaling.type") == scaling.type.value


@pytest.mark.parametrize(
    ("name", "format_id"),
    [
        ("tiny-deepseek-coder", "deepseek-coder"),
        ("tiny-deepseek-coder-v2", "deepseek-coder"),
        ("tiny-codegemma", "codegemma"),
        ("tiny-qwen2.5-coder", "qwen2.5-coder"),
    ],
)
def test_families_infill_with_their_own_markers(
    name: str, format_id: str, vocabularies: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    make_preset(name, path, Quantisation.Q8_0)
    assert find_fim_format(read_gguf_header(path)).format_id == format_id


def test_sharpness_makes_single_tokens_matter(tmp_path: Path) -> None:
    """With random weights attention is an average: a changed token hardly changes the next."""

    def change(sharpness: str) -> float:
        path = tmp_path / f"{sharpness}.gguf"
        sizes = "--layers 4 --embedding 256 --feed-forward 512"
        assert main([str(path), "--sharpness", sharpness, *sizes.split()]) == 0
        model = load_llama_model(str(path), EngineSettings(), lambda _: True)
        try:
            prompt = [BatchToken(20 + n, n, 0, n == 99) for n in range(100)]
            before = model.runner.forward(prompt)
            assert before is not None
            before = before[0].copy()
            model.runner.remove_cells(0, 0, None)
            prompt[50] = BatchToken(200, 50, 0, False)
            after = model.runner.forward(prompt)
            assert after is not None
            return float(np.std(after[0] - before))
        finally:
            model.runner.close()

    assert change("6") > 2 * change("1")


def test_a_made_model_is_kept(vocabularies: Path, tmp_path: Path) -> None:
    first = cached_preset("tiny-deepseek-coder", Quantisation.Q8_0, folder=tmp_path)
    made = first.stat().st_mtime_ns
    second = cached_preset("tiny-deepseek-coder", Quantisation.Q8_0, folder=tmp_path)
    assert second == first
    assert second.stat().st_mtime_ns == made
    other = cached_preset("tiny-deepseek-coder", Quantisation.Q4_0, folder=tmp_path)
    assert other != first


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
