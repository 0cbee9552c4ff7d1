from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from scripts.vocabularies import fetch
from scripts.vocabularies.fetch import FetchFailed, fetch_vocabularies, vocabulary_folder

ROOT = "llama_cpp_python-1.2.3"
MODELS = f"{ROOT}/vendor/llama.cpp/models"
WANTED = {
    f"{MODELS}/ggml-vocab-a.gguf": b"vocabulary",
    f"{MODELS}/ggml-vocab-a.gguf.inp": b"inputs",
    f"{MODELS}/ggml-vocab-a.gguf.out": b"outputs",
    f"{MODELS}/templates/chat.jinja": b"template",
}
UNWANTED = {
    f"{MODELS}/other.gguf": b"",
    f"{MODELS}/templates/README.md": b"",
    f"{MODELS}/deeper/ggml-vocab-b.gguf": b"",
    f"{ROOT}/vendor/llama.cpp/ggml-vocab-c.gguf": b"",
    "../../../ggml-vocab-evil.gguf": b"",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "source.tar.gz"
    with tarfile.open(path, "w:gz") as members:
        for name, content in (WANTED | UNWANTED).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            members.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo(f"{MODELS}/ggml-vocab-link.gguf")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members.addfile(link)
    return path


def test_only_vocabularies_cases_and_templates_are_unpacked(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "download_archive", lambda folder: archive)
    folder = tmp_path / "cache" / "vocabularies"
    fetch_vocabularies(folder)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {name.removeprefix(f"{MODELS}/") for name in WANTED}
    assert (folder / "ggml-vocab-a.gguf").read_bytes() == b"vocabulary"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_what_is_there_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "download_archive", lambda folder: pytest.fail("downloads again"))
    fetch_vocabularies(tmp_path)


def test_failed_download_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: Path) -> Path:
        raise FetchFailed("no network")

    monkeypatch.setattr(fetch, "download_archive", fail)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert fetch.main() == 1
    assert "no network" in capsys.readouterr().err
    assert not vocabulary_folder().exists()


def test_folder_names_the_pinned_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = vocabulary_folder()
    assert folder.is_relative_to(tmp_path)
    assert folder.name in {
        line.split()[0].replace("==", "-")
        for line in fetch.LOCK.read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
