"""What is converted, and what is refused with the reason and the engine to use instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.conversion.plan import plan_conversion
from lsp_server.models.gguf import read_gguf_header
from tests.support.model_copies import copy_model

KIND = gguf.GGUFValueType
ELSE = r".*use the engine llama\.cpp for this model: `--engine llama\.cpp`"


def refuse(path: Path, reason: str) -> None:
    with pytest.raises(ModelFileError, match=reason) as caught:
        plan_conversion(read_gguf_header(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("architecture", ["gemma2", "gemma3", "qwen2", "deepseek2", "falcon"])
def test_other_architectures_are_refused(
    tiny_model: Path, tmp_path: Path, architecture: str
) -> None:
    path = copy_model(tiny_model, tmp_path / "other.gguf", architecture=architecture)
    refuse(path, f"its architecture is '{architecture}'{ELSE}")


@pytest.mark.parametrize(
    ("key", "type_", "value", "reason"),
    [
        ("rope.scaling.type", KIND.STRING, "yarn", "rope scaling is 'yarn'"),
        ("rope.scaling.factor", KIND.FLOAT32, 0.0, "above 0"),
        ("rope.scaling.factor", KIND.FLOAT32, float("nan"), "above 0"),
        ("rope.freq_base", KIND.FLOAT32, float("inf"), "above 0"),
        ("rope.dimension_count", KIND.UINT32, 8, "embedding / heads = 16"),
        ("attention.key_length", KIND.UINT32, 32, "embedding / heads = 16"),
        ("attention.head_count", KIND.UINT32, 0, "head_count is 0"),
        ("attention.head_count", KIND.UINT32, 3, "do not divide"),
        ("attention.head_count_kv", KIND.UINT32, 3, "do not divide"),
        ("attention.head_count_kv", KIND.UINT32, 8, "do not divide"),
        ("attention.layer_norm_rms_epsilon", KIND.FLOAT32, -1.0, "above 0"),
        ("attention.sliding_window", KIND.UINT32, 512, "does not know the metadata value"),
        ("expert_count", KIND.UINT32, 8, "mixture of 8 experts"),
        ("block_count", KIND.UINT32, 1, "does not know the tensor 'blk.1"),
        ("block_count", KIND.UINT32, 3, "has no tensor 'blk.2"),
        ("embedding_length", KIND.UINT32, 128, "embedding / heads = 32"),
        ("feed_forward_length", KIND.UINT32, 64, "has the shape"),
        ("context_length", KIND.UINT32, 0, "context_length is 0"),
        ("context_length", KIND.UINT32, 2**31, "context_length is 2147483648"),
    ],
)
def test_values_that_the_library_ignores_or_dies_of_are_refused(
    tiny_model: Path, tmp_path: Path, key: str, type_: Any, value: object, reason: str
) -> None:
    changes = {f"llama.{key}": (type_, value)}
    refuse(copy_model(tiny_model, tmp_path / "other.gguf", changes), f"{reason}{ELSE}")


def test_heads_that_differ_by_layer_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    changes = {"llama.attention.head_count": (KIND.ARRAY, [4, 4])}
    refuse(copy_model(tiny_model, tmp_path / "other.gguf", changes), f"one number per layer{ELSE}")


@pytest.mark.parametrize("name", ["qwen2", "llama-bpe", "unheard-of"])
def test_other_pre_tokenizers_are_refused_by_name(
    tiny_model: Path, tmp_path: Path, name: str
) -> None:
    changes = {"tokenizer.ggml.pre": (KIND.STRING, name)}
    path = copy_model(tiny_model, tmp_path / "other.gguf", changes)
    refuse(path, f"pre-tokenizer is {name}{ELSE}")


def test_sentencepiece_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    changes = {"tokenizer.ggml.model": (KIND.STRING, "llama")}
    path = copy_model(tiny_model, tmp_path / "other.gguf", changes)
    refuse(path, f"of the kind 'llama'{ELSE}")


@pytest.mark.parametrize("key", ["bos_token_id", "eos_token_id"])
def test_special_tokens_outside_the_vocabulary_are_refused(
    tiny_model: Path, tmp_path: Path, key: str
) -> None:
    changes = {f"tokenizer.ggml.{key}": (KIND.UINT32, 5_000)}
    refuse(copy_model(tiny_model, tmp_path / "other.gguf", changes), f"{key} is 5000{ELSE}")


@pytest.mark.parametrize("packing", ["BF16"])
def test_packings_that_came_later_are_refused(
    tiny_model: Path, tmp_path: Path, packing: str
) -> None:
    path = copy_model(tiny_model, tmp_path / "other.gguf", packing=packing)
    refuse(path, f"is packed as {packing}; it knows F32, F16, .*Q6_K{ELSE}")


def test_a_missing_tensor_is_named(tiny_model: Path, tmp_path: Path) -> None:
    path = copy_model(tiny_model, tmp_path / "other.gguf", left_out="output_norm.weight")
    refuse(path, f"no tensor 'output_norm.weight'{ELSE}")


@pytest.mark.parametrize("packing", ["F16", "Q4_0", "Q5_1", "Q8_0"])
def test_usual_packings_are_accepted(tiny_model: Path, tmp_path: Path, packing: str) -> None:
    path = copy_model(tiny_model, tmp_path / "packed.gguf", packing=packing)
    assert plan_conversion(read_gguf_header(path)).num_data_bytes > 0
