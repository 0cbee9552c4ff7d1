from __future__ import annotations

import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type

from scripts.synthetic_model.architectures.llama import LLAMA
from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.blocks import RANDOM_BLOCKS
from scripts.synthetic_model.content import CHUNK_VALUES, chunks, num_bytes
from scripts.synthetic_model.plan import Model, plan_tensors
from scripts.synthetic_model.presets import PRESETS
from scripts.synthetic_model.quantisation import Quantisation
from scripts.synthetic_model.shape import Shape
from scripts.synthetic_model.tensors import Constant, Role, Tensor, matrix
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import write_model

#: 42 MB in F32.
WIDE = Shape(num_layers=2, embedding_size=1024, num_heads=8, feed_forward_size=2048)


@pytest.mark.parametrize("type_", tuple(RANDOM_BLOCKS), ids=lambda type_: type_.name)
def test_random_blocks_have_the_wanted_spread_and_no_mean(type_: Type) -> None:
    blocks = RANDOM_BLOCKS[type_](np.random.default_rng(0), 0.02, 4_096)
    assert blocks.shape[1] == gguf.GGML_QUANT_SIZES[type_][1]
    weights = gguf.dequantize(blocks, type_)
    assert np.std(weights) == pytest.approx(0.02, rel=0.02)
    assert abs(np.mean(weights)) < 0.0002


@pytest.mark.parametrize("type_", tuple(RANDOM_BLOCKS), ids=lambda type_: type_.name)
def test_random_blocks_add_nothing_up_over_a_row(type_: Type) -> None:
    """A mean that had the same sign everywhere would be the largest thing in a product."""
    block_values = gguf.GGML_QUANT_SIZES[type_][0]
    blocks = RANDOM_BLOCKS[type_](np.random.default_rng(0), 1.0, 512 * 2048 // block_values)
    rows = gguf.dequantize(blocks, type_).reshape(512, 2048)
    assert np.abs(np.mean(rows.sum(axis=1))) < 0.2 * 2048**0.5


def test_pieces_are_bounded_and_together_the_tensor() -> None:
    tensor = matrix("x", 3, 1024, 1024)
    for type_ in (Type.F32, Type.F16, Type.Q8_0, Type.Q4_K):
        pieces = list(chunks(tensor, type_, np.random.default_rng(0)))
        assert max(piece.nbytes for piece in pieces) <= CHUNK_VALUES * 4
        assert sum(piece.nbytes for piece in pieces) == num_bytes(tensor, type_)


def test_constants_go_on_over_pieces() -> None:
    tensor = Tensor("x", (CHUNK_VALUES + 7,), Constant((1.0, 2.0, 3.0)), Role.EXACT)
    values = np.concatenate(list(chunks(tensor, Type.F32, np.random.default_rng(0))))
    assert values[:4].tolist() == [1.0, 2.0, 3.0, 1.0]
    assert np.array_equal(values, np.resize([1.0, 2.0, 3.0], len(values)))


@pytest.mark.parametrize("quantisation", (Quantisation.F32, Quantisation.Q4_K_M))
def test_memory_does_not_grow_with_the_model(quantisation: Quantisation, tmp_path: Path) -> None:
    path = tmp_path / "wide.gguf"
    vocabulary = tiny_vocabulary()
    tracemalloc.start()
    try:
        write_model(path, vocabulary, WIDE, quantisation=quantisation)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Largest piece, what it is made from, and the vocabulary.
    assert peak_bytes < 4 * CHUNK_VALUES * 4
    num_weights = sum(tensor.n_elements for tensor in gguf.GGUFReader(path).tensors)
    assert num_weights > 8 * CHUNK_VALUES


def test_a_file_that_cannot_be_finished_is_not_left(tmp_path: Path) -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_model(tmp_path / "x.gguf", tiny_vocabulary(), on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_with_everything(tmp_path: Path) -> None:
    shares: list[float] = []
    write_model(tmp_path / "x.gguf", tiny_vocabulary(), on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("name", "num_tokens", "billions"),
    [
        ("deepseek-coder-1.3b", 32_256, 1.35),
        ("deepseek-coder-6.7b", 32_256, 6.74),
        ("deepseek-coder-v2-lite", 102_400, 15.7),
        ("codegemma-2b", 256_000, 2.51),
        ("gemma-2-2b", 256_000, 2.61),
        ("gemma-2-9b", 256_000, 9.24),
        ("gemma-3-1b", 262_144, 1.00),
        ("gemma-3-4b", 262_144, 3.88),
        # 2.3 billion, as the maker counts, and as many again in the embeddings per layer.
        ("gemma-4-e2b", 262_144, 4.65),
        ("qwen2.5-coder-1.5b", 151_936, 1.54),
    ],
)
def test_shapes_have_as_many_weights_as_the_models(
    name: str, num_tokens: int, billions: float
) -> None:
    """The published counts, without images and sound."""
    preset = PRESETS[name]
    model = Model(ARCHITECTURES[preset.architecture], preset.shape, num_tokens)
    num_weights = sum(planned.tensor.num_values for planned in plan_tensors(model))
    assert num_weights / 1e9 == pytest.approx(billions, rel=0.01)


def test_four_bit_files_are_as_large_as_published_ones() -> None:
    """The files of DeepSeek-Coder 1.3B in Q4_K_M are listed with 0.87 GB."""
    preset = PRESETS["deepseek-coder-1.3b"]
    model = Model(LLAMA, preset.shape, 32_256, Quantisation.Q4_K_M)
    total = sum(planned.num_bytes for planned in plan_tensors(model))
    assert total == pytest.approx(0.87e9, rel=0.01)


def test_narrow_rows_get_smaller_blocks() -> None:
    quantisation = Quantisation.Q4_K_M
    assert quantisation.type_of(matrix("x", 8, 512), 0, 8) is Type.Q4_K
    assert quantisation.type_of(matrix("x", 8, 1_152), 0, 8) is Type.Q5_0
    assert quantisation.type_of(matrix("x", 8, 1_152, role=Role.OUTPUT), None, 8) is Type.Q8_0
    assert quantisation.type_of(matrix("x", 8, 24), 0, 8) is Type.F16
