"""Head sizes of latent attention that end the process of llama.cpp; see `soundness_latent`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import read_gguf_header
from lsp_server.models.gguf_types import ValueType
from lsp_server.models.soundness_latent import require_sound_latent_attention
from tests.support.gguf_files import RawGguf, scalar, text

#: DeepSeek-Coder-V2-Lite as converters write it, and as old ones did.
LATENT = {
    "attention.head_count": 16,
    "attention.head_count_kv": 1,
    "attention.key_length": 576,
    "attention.value_length": 512,
    "attention.key_length_mla": 192,
    "attention.value_length_mla": 128,
    "attention.kv_lora_rank": 512,
    "rope.dimension_count": 64,
}
OLD = {
    "attention.head_count": 16,
    "attention.head_count_kv": 16,
    "attention.key_length": 192,
    "attention.value_length": 128,
    "attention.kv_lora_rank": 512,
    "rope.dimension_count": 64,
}


def check(folder: Path, values: dict[str, int], architecture: str = "deepseek2") -> None:
    entries = [
        scalar(f"deepseek2.{name}", ValueType.UINT32, value) for name, value in values.items()
    ]
    raw = RawGguf(entries=(text("general.architecture", architecture), *entries))
    require_sound_latent_attention(read_gguf_header(raw.write(folder)))


@pytest.mark.parametrize("values", [LATENT, OLD])
def test_real_sizes_are_sound(values: dict[str, int], tmp_path: Path) -> None:
    check(tmp_path, values)


def test_other_architectures_are_not_asked(tmp_path: Path) -> None:
    check(tmp_path, LATENT | {"rope.dimension_count": 0}, architecture="llama")


@pytest.mark.parametrize(
    ("values", "name", "wanted"),
    [
        (LATENT | {"rope.dimension_count": 192}, "rope.dimension_count", "1 to less than 192"),
        (LATENT | {"rope.dimension_count": 0}, "rope.dimension_count", "1 to less than 192"),
        (LATENT | {"attention.head_count_kv": 16}, "head_count_kv", "1 in this model"),
        (LATENT | {"attention.key_length": 575}, "key_length", "576 in this model"),
        (LATENT | {"attention.value_length": 513}, "value_length", "512 in this model"),
        (OLD | {"rope.dimension_count": 192}, "rope.dimension_count", "1 to less than 192"),
        (OLD | {"attention.head_count_kv": 1}, "head_count_kv", "16 in this model"),
    ],
)
def test_a_deadly_size_is_named(
    values: dict[str, int], name: str, wanted: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelFileError, match=rf"{name} is \d+; it must be {wanted}.*again"):
        check(tmp_path, values)


@pytest.mark.parametrize("missing", ["rope.dimension_count", "attention.head_count_kv"])
def test_a_missing_size_is_named(missing: str, tmp_path: Path) -> None:
    values = {name: value for name, value in LATENT.items() if name != missing}
    with pytest.raises(ModelFileError, match=missing):
        check(tmp_path, values)
