"""Whatever a file says, the reader accepts it or raises `ModelFileError`, in little memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsp_server.errors import ModelFileError
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import GgufHeader, read_gguf_header
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import Shape, write_model

_SMALLEST = Shape(1, 4, 1, 1, 4, 16)
#: The reader's first read, and as much again for copies and values.
_MAX_PEAK_BYTES = 2 * 1024 * 1024
_FUZZ = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def good_content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("fuzz") / "good.gguf"
    write_model(path, tiny_vocabulary(), _SMALLEST)
    return path.read_bytes()


def read_mutant(content: bytes, folder: Path) -> GgufHeader | None:
    path = folder / "mutant.gguf"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        header = read_gguf_header(path)
        find_fim_format(header)
    except ModelFileError:
        return None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < _MAX_PEAK_BYTES
    return header


def test_the_unchanged_file_is_accepted(good_content: bytes, tmp_path: Path) -> None:
    assert read_mutant(good_content, tmp_path) is not None


@_FUZZ
@given(data=st.data())
def test_changed_bytes_do_no_harm(data: st.DataObject, good_content: bytes, tmp_path: Path) -> None:
    content = bytearray(good_content)
    for _ in range(data.draw(st.integers(1, 4))):
        # Headers are what is interesting: mostly their first bytes.
        place = data.draw(st.integers(0, 400) | st.integers(0, len(content) - 9))
        value = data.draw(st.binary(min_size=1, max_size=8) | st.sampled_from([b"\xff" * 8]))
        content[place : place + len(value)] = value
    read_mutant(bytes(content), tmp_path)


@_FUZZ
@given(data=st.data())
def test_cut_files_are_refused(data: st.DataObject, good_content: bytes, tmp_path: Path) -> None:
    # What is missing must be more than the padding behind the last tensor.
    length = data.draw(st.integers(0, len(good_content) - 32))
    assert read_mutant(good_content[:length], tmp_path) is None


@_FUZZ
@given(data=st.data())
def test_removed_and_inserted_bytes_do_no_harm(
    data: st.DataObject, good_content: bytes, tmp_path: Path
) -> None:
    place = data.draw(st.integers(0, 2_000))
    end = data.draw(st.integers(place, place + 40))
    inserted = data.draw(st.binary(max_size=40))
    read_mutant(good_content[:place] + inserted + good_content[end:], tmp_path)
