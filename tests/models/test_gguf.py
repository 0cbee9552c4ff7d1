from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import read_gguf_header, require_weights
from lsp_server.models.gguf_types import ValueType
from tests.support.gguf_files import RawGguf, RawTensor, array, entry, scalar, string, text


def check_refused(raw: RawGguf, folder: Path, *words: str) -> None:
    """Expect an error that names the file and has these words."""
    path = raw.write(folder)
    with pytest.raises(ModelFileError) as caught:
        read_gguf_header(path)
    message = str(caught.value)
    for word in (str(path), *words):
        assert word in message
    assert ";" in message, "the message ends with a remedy"


def test_good_file_is_read_completely(tmp_path: Path) -> None:
    tensors = (
        RawTensor("a", (4, 2), 0, 0, 32),
        RawTensor("b", (32, 3, 2, 1), 8, 32, 204),
    )
    path = RawGguf(tensors=tensors).write(tmp_path)
    header = read_gguf_header(path)
    assert header.path == path
    assert (header.version, header.alignment) == (3, 32)
    assert header.metadata.text("general.architecture") == "llama"
    first, second = header.tensors
    assert (first.name, first.shape, first.type.name, first.num_bytes) == ("a", (4, 2), "F32", 32)
    assert (second.type.name, second.offset, second.num_bytes) == ("Q8_0", 32, 204)
    assert header.data_offset % 32 == 0
    assert header.data_offset + 32 + 204 == header.file_bytes == path.stat().st_size


def test_version_2_is_read(tmp_path: Path) -> None:
    assert read_gguf_header(RawGguf(version=2).write(tmp_path)).version == 2


def test_alignment_of_the_file_is_used(tmp_path: Path) -> None:
    alignment = scalar("general.alignment", ValueType.UINT32, 4096)
    tensors = (RawTensor("a"), RawTensor("b", offset=4096))
    path = RawGguf(entries=(alignment,), tensors=tensors, alignment=4096).write(tmp_path)
    assert read_gguf_header(path).data_offset == 4096


def test_vocabulary_alone_has_no_weights(tmp_path: Path) -> None:
    path = RawGguf(tensors=()).write(tmp_path)
    with pytest.raises(ModelFileError, match="vocabulary and no weights"):
        require_weights(read_gguf_header(path))


def test_model_has_weights(tmp_path: Path) -> None:
    require_weights(read_gguf_header(RawGguf().write(tmp_path)))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"absent\.gguf: there is no such file"):
        read_gguf_header(tmp_path / "absent.gguf")


def test_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="this is a folder"):
        read_gguf_header(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(ModelFileError, match="not a regular file"):
        read_gguf_header(tmp_path / "pipe.gguf")


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="this user may read every file"
)
def test_unreadable_file_names_its_permissions(tmp_path: Path) -> None:
    path = RawGguf().write(tmp_path)
    path.chmod(0)
    with pytest.raises(ModelFileError, match="check its permissions"):
        read_gguf_header(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"GG", "not a GGUF file"),
        (b"def main():\n    pass\n", "not a GGUF file: it begins with b'def '"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"GGUF", "truncated"),
        (b"GGUF\x03\0\0\0\0\0", "truncated"),
    ],
)
def test_other_files_are_no_models(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        read_gguf_header(path)
    assert words in str(caught.value)


def test_unknown_versions_are_refused(tmp_path: Path) -> None:
    check_refused(RawGguf(version=1), tmp_path, "version is 1", "convert")
    check_refused(RawGguf(version=4), tmp_path, "version is 4", "2 and 3")
    check_refused(RawGguf(version=3 << 24), tmp_path, "big-endian", "little-endian")


def test_absurd_counts_are_refused(tmp_path: Path) -> None:
    check_refused(RawGguf(num_entries=2**63), tmp_path, str(2**63), "65536")
    check_refused(RawGguf(num_entries=60_000), tmp_path, "60000 metadata values", "truncated")
    check_refused(RawGguf(num_tensors=2**64 - 1), tmp_path, str(2**64 - 1), "tensors")
    check_refused(RawGguf(num_tensors=500_000), tmp_path, "500000 tensors", "truncated")


@pytest.mark.parametrize(
    ("bad_entry", "words"),
    [
        (entry("", ValueType.BOOL, b"\1"), "is empty"),
        (entry(b"\xff\xfe", ValueType.BOOL, b"\1"), "not UTF-8"),
        (entry("k", 13, b"\0"), "type of k is 13"),
        (entry("k", ValueType.STRING, b"\xff" * 8), str(2**64 - 1)),
        (entry("k", ValueType.STRING, b"\xff\xff\0\0\0\0\0\0"), "k needs 65535 bytes"),
        (array("k", ValueType.ARRAY, 1, b"\0" * 12), "array of arrays"),
        (array("k", ValueType.UINT8, 2**63, b""), str(2**63)),
        (array("k", ValueType.UINT64, 4_000_000, b""), "32000000 bytes"),
        (array("k", ValueType.STRING, 3_000_000, b""), "24000000 bytes"),
        (array("k", ValueType.STRING, 1, b"\xff" * 8), str(2**64 - 1)),
        (array("k", ValueType.STRING, 1, b"\xff\xff\0\0\0\0\0\0"), "truncated"),
        (array("k", 99, 1, b"\0"), "item type of k is 99"),
    ],
)
def test_bad_metadata_is_refused(bad_entry: bytes, words: str, tmp_path: Path) -> None:
    check_refused(RawGguf(entries=(bad_entry,), tensors=()), tmp_path, words)


def test_repeated_key_is_refused(tmp_path: Path) -> None:
    check_refused(RawGguf(entries=(text("k", "1"), text("k", "2"))), tmp_path, "'k'", "twice")


@pytest.mark.parametrize("alignment", [0, 24, 2**21])
def test_bad_alignment_is_refused(alignment: int, tmp_path: Path) -> None:
    entries = (scalar("general.alignment", ValueType.UINT32, alignment),)
    check_refused(RawGguf(entries=entries), tmp_path, f"general.alignment is {alignment}")


def test_alignment_of_another_type_is_refused(tmp_path: Path) -> None:
    entries = (text("general.alignment", "32"),)
    check_refused(RawGguf(entries=entries), tmp_path, "general.alignment must be an integer")


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ((RawTensor(shape=()),), "0 dimensions"),
        ((RawTensor(shape=(1, 1, 1, 1, 1)),), "5 dimensions"),
        ((RawTensor(shape=(4, 0)),), "(4, 0)"),
        ((RawTensor(shape=(2**32, 2**32)),), "product"),
        ((RawTensor(shape=(4, 2**50)),), "truncated"),
        ((RawTensor(type=4),), "type number 4"),
        ((RawTensor(type=1000),), "type number 1000"),
        ((RawTensor(type=8),), "block of 32"),
        ((RawTensor(offset=16),), "offset 16"),
        ((RawTensor(name="n" * 64),), "64 bytes"),
        ((RawTensor(name=b"\xff"),), "not UTF-8"),
        ((RawTensor(), RawTensor(offset=32)), "two tensors are called"),
        ((RawTensor("a"), RawTensor("b")), "'a' and 'b' overlap"),
        ((RawTensor("a", (9,)), RawTensor("b", offset=32)), "overlap"),
    ],
)
def test_bad_tensors_are_refused(
    tensors: tuple[RawTensor, ...], words: str, tmp_path: Path
) -> None:
    check_refused(RawGguf(tensors=tensors), tmp_path, words)


def test_missing_weights_are_noticed(tmp_path: Path) -> None:
    check_refused(RawGguf(data=bytes(31)), tmp_path, "truncated", "its tensors end at byte")


def test_huge_string_list_is_read_in_steps(tmp_path: Path) -> None:
    # More than one read is needed, and strings lie across their edges.
    names = [f"token-{number}" * 9 for number in range(20_000)]
    entries = (array("k", ValueType.STRING, len(names), b"".join(map(string, names))),)
    header = read_gguf_header(RawGguf(entries=entries).write(tmp_path))
    assert header.metadata.texts("k") == tuple(names)
