from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsp_server.models.conversion.cache import converted_file
from lsp_server.models.gguf import GgufHeader, read_gguf_header
from tests.support.model_copies import copy_model


class Watch:
    """Converts with a cache folder and counts how often progress was told."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.fractions: list[float] = []

    def convert(self, path: Path) -> GgufHeader:
        self.fractions = []
        return converted_file(read_gguf_header(path), self.cache, self.fractions.append)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "cache")


def test_a_copy_is_made_once(watch: Watch, tiny_model: Path) -> None:
    first = watch.convert(tiny_model)
    assert watch.fractions[-1] == 1.0
    assert watch.fractions == sorted(watch.fractions)
    second = watch.convert(tiny_model)
    assert second.path == first.path
    assert watch.fractions == [], "neither read for its digest nor copied again"


def test_the_same_file_elsewhere_has_the_same_copy(
    watch: Watch, tiny_model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(tiny_model.read_bytes())
    assert watch.convert(tiny_model).path == watch.convert(other).path


def test_a_changed_file_gets_a_copy_of_its_own(
    watch: Watch, tiny_model: Path, tmp_path: Path
) -> None:
    path = copy_model(tiny_model, tmp_path / "model.gguf")
    first = watch.convert(path)
    copy_model(tiny_model, path, packing="F16")
    os.utime(path, ns=(1, 1))
    second = watch.convert(path)
    assert second.path != first.path
    assert {tensor.type.name for tensor in second.tensors} == {"F16", "F32"}


def test_a_damaged_copy_is_made_again(watch: Watch, tiny_model: Path) -> None:
    copy = watch.convert(tiny_model)
    whole = copy.path.read_bytes()
    copy.path.write_bytes(whole[:-1_000])
    assert watch.convert(tiny_model).path == copy.path
    assert copy.path.read_bytes() == whole


def test_a_converted_file_is_used_as_it_is(watch: Watch, tiny_model: Path) -> None:
    copy = watch.convert(tiny_model)
    assert watch.convert(copy.path).path == copy.path
    assert watch.fractions == []
