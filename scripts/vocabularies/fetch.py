"""Fetch the archive through pip and unpack what tests need of it; the standard library only.

llama.cpp keeps vocabulary-only GGUF files with tokenizer cases (`.inp`, `.out`) and chat
templates in its `models` folder.  They are their makers' work: fetched at need, kept in the cache.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "engine.lock"
_PACKAGE = "llama-cpp-python"
_MODELS = PurePosixPath("vendor/llama.cpp/models")
_WANTED = ("ggml-vocab-*.gguf", "ggml-vocab-*.gguf.inp", "ggml-vocab-*.gguf.out")
_TEMPLATES = "templates/*.jinja"
_MAX_FILE_BYTES = 64 * 1024 * 1024
_NUM_TAIL_LINES = 15


class FetchFailed(Exception):
    """The archive could not be had; the message has pip's last lines."""


def vocabulary_folder(variables: Mapping[str, str] = os.environ) -> Path:
    """Return where the vocabularies of the pinned version are, or would be."""
    base = Path(variables.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "bantam-dev" / "vocabularies" / pinned_archive()


def pinned_archive() -> str:
    """Return name and version of the source archive that the lock pins."""
    found = re.search(rf"^{_PACKAGE}==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{LOCK} pins {_PACKAGE}"
    return f"{_PACKAGE}-{found[1]}"


def fetch_vocabularies(folder: Path) -> None:
    """Fill `folder`, unless it is there already; it appears complete or not at all.

    Raises:
        FetchFailed: pip could not get the archive.
        OSError: The folder cannot be written.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as scratch:
        archive = download_archive(Path(scratch, "archive"))
        unpacked = Path(scratch, "unpacked")
        _unpack(archive, unpacked)
        try:
            unpacked.rename(folder)
        except OSError:
            # Somebody else was faster.
            if not folder.is_dir():
                raise


def download_archive(folder: Path) -> Path:
    """Download the pinned source archive into a folder and return its path.

    Raises:
        FetchFailed: pip could not get it.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
    # The lock names the source archive by its hash; its dependencies are of no interest.
    command += ["--no-deps", "--no-binary", _PACKAGE, "--require-hashes"]
    command += ["--requirement", str(LOCK), "--dest", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = sorted(folder.glob("*.tar.gz"))
    if result.returncode != 0 or len(archives) != 1:
        lines = (result.stdout + result.stderr).splitlines()[-_NUM_TAIL_LINES:]
        raise FetchFailed("pip could not download the source archive:\n" + "\n".join(lines))
    return archives[0]


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as members:
        for member, target in _wanted_members(members):
            content = members.extractfile(member)
            assert content is not None, f"{member.name} is a regular file"
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read(_MAX_FILE_BYTES))


def _wanted_members(members: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    for member in members:
        # The first part of the path is the archive's own folder.
        path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
        if not member.isfile() or not path.is_relative_to(_MODELS):
            continue
        target = path.relative_to(_MODELS)
        is_vocabulary = len(target.parts) == 1 and any(map(target.match, _WANTED))
        if is_vocabulary or (len(target.parts) == 2 and target.match(_TEMPLATES)):
            yield member, target


def main() -> int:
    """Fetch, and say where the files are."""
    folder = vocabulary_folder()
    try:
        fetch_vocabularies(folder)
    except (FetchFailed, OSError) as error:
        print(f"scripts/fetch_vocabularies: error: {error}", file=sys.stderr)
        return 1
    print(folder)
    return 0
