"""Each of these values ends the process of llama.cpp if it is loaded; see `soundness`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import read_gguf_header
from lsp_server.models.gguf_types import ValueType
from lsp_server.models.soundness import require_sound
from tests.support.gguf_files import RawGguf, RawTensor, array, scalar, text, texts

LAYERS = scalar("llama.block_count", ValueType.UINT32, 2)
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))


def unsigned(key: str, value: int) -> bytes:
    return scalar(key, ValueType.UINT32, value)


def check(
    folder: Path,
    *more: bytes,
    layers: bytes = LAYERS,
    kind: str = "gpt2",
    tokens: Sequence[str] = ("a", "b"),
    tensors: tuple[RawTensor, ...] = (RawTensor(),),
) -> None:
    entries = (
        text("general.architecture", "llama"),
        layers,
        text("tokenizer.ggml.model", kind),
        texts("tokenizer.ggml.tokens", tokens),
        *more,
    )
    require_sound(read_gguf_header(RawGguf(entries=entries, tensors=tensors).write(folder)))


def test_plain_model_is_sound(tmp_path: Path) -> None:
    check(tmp_path)


def test_tiny_model_is_sound(tiny_model: Path) -> None:
    require_sound(read_gguf_header(tiny_model))


def test_model_with_experts_is_sound(tmp_path: Path) -> None:
    check(
        tmp_path,
        unsigned("llama.expert_count", 64),
        unsigned("llama.expert_used_count", 6),
        unsigned("llama.expert_group_count", 8),
        unsigned("llama.expert_group_used_count", 3),
    )


def test_experts_may_be_counted_per_layer(tmp_path: Path) -> None:
    counts = array("llama.expert_used_count", ValueType.INT32, 2, b"\0\0\0\0\2\0\0\0")
    check(tmp_path, unsigned("llama.expert_count", 4), counts)


@pytest.mark.parametrize("count", [0, 513, 2**32 - 1])
def test_number_of_layers_is_bounded(count: int, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=rf"block_count is {count}; it must be .* 1 to 512"):
        check(tmp_path, layers=unsigned("llama.block_count", count))


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ([unsigned("llama.nextn_predict_layers", 3)], "nextn_predict_layers"),
        ([unsigned("llama.expert_count", 2**31)], "expert_count"),
        ([unsigned("llama.expert_count", 8)], "expert_used_count"),
        ([unsigned("llama.expert_used_count", 1)], "expert_used_count"),
        (
            [
                unsigned("llama.expert_count", 8),
                unsigned("llama.expert_used_count", 2),
                unsigned("llama.expert_group_count", 3),
            ],
            "expert_group_count",
        ),
        (
            [
                unsigned("llama.expert_count", 8),
                unsigned("llama.expert_used_count", 2),
                unsigned("llama.expert_group_count", 4),
            ],
            "expert_group_used_count",
        ),
        ([unsigned("llama.expert_group_count", 1)], "expert_group_count"),
        ([text("llama.rope.scaling.type", "junk")], "rope.scaling.type"),
        ([unsigned("llama.expert_gating_func", 255)], "expert_gating_func"),
        (
            [scalar("llama.attention.layer_norm_rms_epsilon", ValueType.FLOAT32, -1.0)],
            "layer_norm_rms_epsilon",
        ),
        (
            [scalar("llama.attention.layer_norm_epsilon", ValueType.FLOAT32, math.nan)],
            "layer_norm_epsilon",
        ),
    ],
)
def test_deadly_value_is_named(entries: list[bytes], key: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=rf"{key} is .*; it must be .*again"):
        check(tmp_path, *entries)


def test_repeated_token_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="'b'; it must be a list without repeated tokens"):
        check(tmp_path, tokens=("a", "b", "c", "b"))


def test_empty_tokens_may_be_repeated(tmp_path: Path) -> None:
    check(tmp_path, tokens=("a", "", ""))


def test_tokens_of_different_broken_bytes_are_not_the_same(tmp_path: Path) -> None:
    tokens = array(
        "tokenizer.ggml.tokens",
        ValueType.STRING,
        2,
        b"\1\0\0\0\0\0\0\0\xfe\1\0\0\0\0\0\0\0\xff",
    )
    entries = (text("general.architecture", "llama"), LAYERS, text("tokenizer.ggml.model", "gpt2"))
    path = RawGguf(entries=(*entries, tokens)).write(tmp_path)
    require_sound(read_gguf_header(path))


def test_sentencepiece_needs_every_byte(tmp_path: Path) -> None:
    check(tmp_path, kind="llama", tokens=BYTES)
    with pytest.raises(ModelFileError, match="without <0xFF>"):
        check(tmp_path, kind="llama", tokens=BYTES[:-1])


@pytest.mark.parametrize("kind", ["none", "bert", "t5", "rwkv"])
def test_other_vocabularies_are_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=f"of the kind '{kind}'.*choose a code model"):
        check(tmp_path, kind=kind)


@pytest.mark.parametrize("name", ["output_norm.weight", "blk.0.attn_q.bias"])
def test_norms_and_biases_are_not_packed(name: str, tmp_path: Path) -> None:
    tensor = RawTensor(name, shape=(4,), type=1)
    with pytest.raises(ModelFileError, match=f"{name} is packed as F16; .* must be F32: download"):
        check(tmp_path, tensors=(tensor,))
    check(tmp_path, tensors=(RawTensor("blk.0.attn_q.weight", shape=(4,), type=1),))
