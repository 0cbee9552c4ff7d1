"""Model files that cannot be used, as each command says it, and the good call after it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsp_server.cli.model_facts import facts_of
from lsp_server.directories import Directories
from lsp_server.errors import ModelError
from lsp_server.models.gguf_types import ValueType
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, no_engine_left
from tests.support.gguf_files import RawGguf, RawTensor, array, string, text
from tests.support.places import obeying_permissions
from tests.support.refusals import PREFIX, SOURCE, check_good_call, check_refusal

pytestmark = pytest.mark.e2e

Make = Callable[[Path], object]

AGAIN = "download the model again"
NAME = text("general.architecture", "llama")
#: A list of strings of which each one claims to be longer than the file.
LONG_STRINGS = array("tokenizer.ggml.tokens", ValueType.STRING, 2, string("a")[:8] + b"\xff" * 8)


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


def content(data: bytes) -> Make:
    return lambda path: path.write_bytes(data)


def raw(**changes: object) -> Make:
    return content(RawGguf(**changes).content())  # type: ignore[arg-type] # as it takes them


def tensors(*changes: RawTensor) -> Make:
    return raw(tensors=changes)


BAD_FILES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "missing": (lambda path: None, ("no model file", "give the path of a .gguf file that exists")),
    "folder": (Path.mkdir, ("this is a folder", "give the path of a .gguf model file")),
    "named pipe": (os.mkfifo, ("not a regular file", "give the path")),
    "empty": (content(b""), ("the file is empty", AGAIN)),
    "text": (content(b"def main():\n"), ("not a GGUF file", "b'def '", "b'GGUF'", "give the path")),
    "Git LFS pointer": (content(b"version https://git-lfs"), ("Git LFS pointer", "git lfs pull")),
    "magic number alone": (content(b"GGUF"), ("truncated", "version needs 4 bytes", AGAIN)),
    "of another version": (raw(version=4), ("version is 4", "versions 2 and 3", AGAIN)),
    "of a big-endian machine": (raw(version=3 << 24), ("big-endian", "little-endian version")),
    "vocabulary alone": (raw(tensors=()), ("vocabulary and no weights", "a whole model")),
    "absurd number of values": (raw(num_entries=2**63), (str(2**63), "at most 65536", AGAIN)),
    "absurd number of tensors": (raw(num_tensors=2**64 - 1), ("at most 1000000", AGAIN)),
    "absurd array": (
        raw(entries=(NAME, array("k", ValueType.UINT64, 2**60, b""))),
        (f"{2**60} items", "at most 4194304", AGAIN),
    ),
    "array of arrays": (
        raw(entries=(NAME, array("k", ValueType.ARRAY, 1, b""))),
        ("array of arrays", "not allowed", AGAIN),
    ),
    "absurd strings": (raw(entries=(NAME, LONG_STRINGS)), ("at most 16777216", AGAIN)),
    "no dimension": (tensors(RawTensor(shape=())), ("0 dimensions", "1 to 4", AGAIN)),
    "five dimensions": (tensors(RawTensor(shape=(1,) * 5)), ("5 dimensions", "1 to 4", AGAIN)),
    "dimension of 0": (tensors(RawTensor(shape=(4, 0))), ("(4, 0)", "at least 1", AGAIN)),
    "negative dimension": (
        tensors(RawTensor(shape=(4, 2**64 - 1))),
        (str(2**64 - 1), f"at most {2**63 - 1}", AGAIN),
    ),
    "overlapping tensors": (
        tensors(RawTensor("a"), RawTensor("b")),
        ("'a' and 'b' overlap", AGAIN),
    ),
    "offset back to the start": (
        tensors(RawTensor("a"), RawTensor("b", offset=2**64 - 32, num_data_bytes=32 - 2**64)),
        ("truncated", "tensors end at byte", AGAIN),
    ),
    "offset beside the alignment": (
        tensors(RawTensor(offset=7)),
        ("offset 7", "multiple of the alignment 32", AGAIN),
    ),
    "weights that are missing": (raw(data=bytes(31)), ("truncated", "it has only", AGAIN)),
    "unknown packing": (
        tensors(RawTensor(type=99)),
        ("type number 99", "choose another quantisation"),
    ),
}


def write_source(folder: Path) -> Path:
    file = folder / "add.py"
    file.write_text(SOURCE)
    return file


@pytest.mark.timeout(300)
def test_bad_model_files_are_refused_by_one_engine_that_lives_on(
    tmp_path: Path, bantam_directories: Directories
) -> None:
    file = write_source(tmp_path)
    check_good_call(tmp_path)
    (engine,) = engines_of(bantam_directories)
    for name, (make, words) in BAD_FILES.items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        model = folder / "bad.gguf"
        make(model)
        completion = bantam("complete", "--model", str(model), f"{file}:2:5")
        check_refusal(completion, 1, str(model), *words)
        with pytest.raises(ModelError) as caught:
            facts_of(str(model))
        assert completion.stderr == f"{PREFIX}{caught.value}\n", "`models show` says the same"
    check_good_call(tmp_path)
    assert [one.pid for one in engines_of(bantam_directories)] == [engine.pid]


def test_an_action_and_show_refuse_a_bad_model_file_too(tmp_path: Path) -> None:
    model, file = tmp_path / "bad.gguf", write_source(tmp_path)
    for name in ("text", "vocabulary alone"):
        make, words = BAD_FILES[name]
        make(model)
        acted = bantam("act", "write_body", "--model", str(model), f"{file}:1")
        check_refusal(acted, 1, str(model), *words)
        check_refusal(bantam("models", "show", str(model)), 1, str(model), *words)
    check_good_call(tmp_path)


@pytest.mark.real_model
def test_a_model_that_was_cut(
    tmp_path: Path, embedded_model: Path, bantam_directories: Directories
) -> None:
    whole = embedded_model.read_bytes()
    model = tmp_path / "cut.gguf"
    file = write_source(tmp_path)
    for part in (0.01, 0.5, 0.999):
        model.write_bytes(whole[: int(len(whole) * part)])
        result = bantam("complete", "--model", str(model), f"{file}:2:5")
        check_refusal(result, 1, str(model), "truncated", "bytes", AGAIN)
    model.write_bytes(whole)
    again = bantam("complete", "--json", "--model", str(model), f"{file}:2:5")
    assert (again.stderr, again.returncode) == ("", 0)
    assert len(engines_of(bantam_directories)) == 1


@pytest.mark.parametrize("model", ["nonsense", "ctransformers:nonsense"])
def test_an_unknown_id_lists_the_known_ones(model: str, tmp_path: Path) -> None:
    result = bantam("complete", "--model", model, f"{write_source(tmp_path)}:2:5")
    check_refusal(result, 1, "'nonsense'", "bantam-embedded", "the whole path of a .gguf file")


def test_an_id_that_is_not_downloaded_says_how(tmp_path: Path) -> None:
    name = "deepseek-coder-1.3b-base"
    result = bantam("complete", "--model", name, f"{write_source(tmp_path)}:2:5")
    check_refusal(result, 1, name, "not downloaded", f"bantam models pull {name}")


def test_a_model_that_may_not_be_read(tmp_path: Path) -> None:
    model = tmp_path / "secret.gguf"
    model.touch(mode=0)
    result = bantam(
        *("complete", "--model", str(model), f"{write_source(tmp_path)}:2:5"),
        prefix=obeying_permissions(),
    )
    check_refusal(result, 1, str(model), "Permission denied", "check its permissions")


def test_a_model_without_infill_or_chat(tmp_path: Path) -> None:
    file = write_source(tmp_path)
    result = bantam("complete", "--model", "fake:no-infill", f"{file}:2:5")
    check_refusal(result, 1, "fake:no-infill", "no markers", "choose a model", "model.name")
    check_good_call(tmp_path)


def test_a_path_that_is_no_text(tmp_path: Path) -> None:
    file = write_source(tmp_path)
    result = bantam("complete", "--model", os.fsencode(tmp_path) + b"/\xff.gguf", f"{file}:2:5")
    check_refusal(result, 2, f"{tmp_path}/\udcff.gguf", "not UTF-8", "rename the file")


def test_doctor_finds_a_bad_model(tmp_path: Path) -> None:
    model = tmp_path / "bad.gguf"
    model.write_text("no model")
    result = bantam("doctor", environment={"BANTAM_MODEL_NAME": str(model)})
    assert (result.stderr, result.returncode) == ("", 1)
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert f"{model}: not a GGUF file" in line
