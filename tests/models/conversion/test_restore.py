"""A converted file is trusted only if it is what converting would write."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.conversion.restore import restored_header
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from tests.support.converted import Converted


def changed(converted: Converted, folder: Path, old: bytes, new: bytes) -> Path:
    content = converted.copy.path.read_bytes()
    assert content.count(old) == 1
    path = folder / "changed.gguf"
    path.write_bytes(content.replace(old, new))
    return path


def test_the_tokenizer_and_the_format_are_those_of_the_source(
    converted_embedded: Converted,
) -> None:
    restored = restored_header(converted_embedded.copy)
    for key, entry in converted_embedded.source.metadata.entries.items():
        if key.startswith("tokenizer."):
            assert restored.metadata.entries[key] == entry
    assert find_fim_format(restored) == find_fim_format(converted_embedded.source)


@pytest.mark.parametrize(
    ("key", "layout", "old", "new"),
    [
        ("llama.context_length", "I", 2048, 4096),
        ("llama.rope.freq_base", "f", 10_000.0, 20_000.0),
        ("general.alignment", "I", 32, 64),
    ],
)
def test_changed_values_are_told_or_harmless(
    converted: Converted, tmp_path: Path, key: str, layout: str, old: float, new: float
) -> None:
    kind = struct.pack("<I", 4 if layout == "I" else 6)
    start = key.encode() + kind
    path = changed(
        converted,
        tmp_path,
        start + struct.pack("<" + layout, old),
        start + struct.pack("<" + layout, new),
    )
    # Other values that are allowed make another file that we could have written.
    if key == "general.alignment":
        with pytest.raises(ModelFileError):
            restored_header(read_gguf_header(path))
    else:
        assert restored_header(read_gguf_header(path)).metadata.value(key) == new


@pytest.mark.parametrize(
    ("key", "layout", "old", "new"),
    [
        ("llama.attention.head_count", "I", 4, 0),
        ("llama.rope.dimension_count", "I", 16, 8),
        ("tokenizer.ggml.eos_token_id", "I", None, 2**31),
    ],
)
def test_values_that_end_the_process_are_refused(
    converted: Converted, tmp_path: Path, key: str, layout: str, old: int | None, new: int
) -> None:
    if old is None:
        old = converted.source.metadata.integer(key)
    # The key's length before it tells it from the same key of the source.
    start = struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", 4)
    path = changed(
        converted,
        tmp_path,
        start + struct.pack("<" + layout, old),
        start + struct.pack("<" + layout, new),
    )
    with pytest.raises(ModelFileError):
        restored_header(read_gguf_header(path))


def test_a_file_of_another_form_is_to_be_converted_again(
    converted: Converted, tmp_path: Path
) -> None:
    key = b"bantam.conversion.ctransformers" + struct.pack("<I", 4)
    path = changed(converted, tmp_path, key + struct.pack("<I", 1), key + struct.pack("<I", 9))
    with pytest.raises(ModelFileError, match=r"form 9.*form 1.*bantam models convert"):
        restored_header(read_gguf_header(path))
