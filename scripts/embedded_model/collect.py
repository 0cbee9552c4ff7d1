"""Gather the corpus: source files of the standard library and of the listed packages.

Writes two files: the texts (one JSON object a line) and the account of where they came from.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import sysconfig
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TextIO

from .filters import DuplicateFilter, clean_text, is_skipped_path, is_test_path, reason_to_drop
from .languages import language_of
from .npm import download_tarball, read_tarball_licence, tarball_files
from .packages import Package, PackageList, check_licence, download_wheel, read_licence

Split = Literal["train", "held_out"]

STANDARD_LIBRARY = "python-standard-library"
STANDARD_LIBRARY_FOLDER = Path(sysconfig.get_path("stdlib"))
_PARALLEL_DOWNLOADS = 6
# Scripts in wheels are mostly bundles; headers and sources of extensions are written by hand.
_WHEEL_LANGUAGES = frozenset({"python", "c", "cpp", "go", "java", "rust"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the corpus; `path` is relative to the project's root."""

    split: Split
    project: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a part of the corpus came from, after filtering."""

    split: Split
    name: str
    version: str
    licence: str
    num_files: int
    num_bytes: int
    registry: str = "pypi"


@dataclass(frozen=True, slots=True)
class CollectLimits:
    """How much one project may contribute, in characters of text."""

    project_chars: int = 1_000_000
    standard_library_chars: int = 5_000_000
    test_share: float = 0.2


def collect(
    packages: PackageList,
    cache: Path,
    limits: CollectLimits,
    corpus: Path,
    standard_library: Path = STANDARD_LIBRARY_FOLDER,
) -> list[Source]:
    """Download, filter and write the corpus; returns its account.

    Held-out projects go first, so that a copy of one of their files elsewhere is the one dropped.

    Args:
        packages: what to take.
        cache: where wheels are kept between runs.
        limits: how much of each project.
        corpus: the file to write; the account goes beside it as `sources.json`.
        standard_library: the folder of Python's own modules.
    """
    listed: list[tuple[Split, Package]] = [("held_out", p) for p in packages.held_out]
    listed += [("train", p) for p in packages.train]
    with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        fetched = list(pool.map(lambda entry: _fetch(entry[1], cache), listed))
    aside = corpus.with_suffix(".part")
    with aside.open("w", encoding="utf-8") as out:
        writer = _CorpusWriter(out, limits.test_share)
        for (split, package), archive in zip(listed, fetched, strict=True):
            writer.add_package(split, package, archive, limits.project_chars)
        python = Package(STANDARD_LIBRARY, platform.python_version())
        library = _standard_library_files(standard_library)
        writer.add("train", python, "PSF-2.0", library, limits.standard_library_chars)
    aside.replace(corpus)
    account = {
        "dropped": dict(writer.drops),
        "sources": [asdict(source) for source in writer.sources],
    }
    corpus.with_name("sources.json").write_text(json.dumps(account, indent=1), encoding="utf-8")
    return writer.sources


def collect_held_out(
    packages: Sequence[Package], cache: Path, limits: CollectLimits
) -> list[SourceFile]:
    """The held-out files alone, the same that `collect` writes."""
    with io.StringIO() as out:
        writer = _CorpusWriter(out, limits.test_share)
        for package in packages:
            writer.add_package("held_out", package, _fetch(package, cache), limits.project_chars)
        return [SourceFile(**json.loads(line)) for line in out.getvalue().split("\n")[:-1]]


def read_corpus(corpus: Path, split: Split) -> list[SourceFile]:
    """The files of one split, in the order in which they were written."""
    with corpus.open(encoding="utf-8") as lines:
        files = (SourceFile(**json.loads(line)) for line in lines)
        return [file for file in files if file.split == split]


def read_sources(corpus: Path) -> list[Source]:
    """The account written beside a corpus."""
    account = json.loads(corpus.with_name("sources.json").read_text(encoding="utf-8"))
    return [Source(**source) for source in account["sources"]]


class _CorpusWriter:
    """Filters and writes one project after another, and keeps the account."""

    def __init__(self, out: TextIO, test_share: float) -> None:
        self.sources: list[Source] = []
        self.drops: Counter[str] = Counter()
        self._out = out
        self._test_share = test_share
        self._duplicates = DuplicateFilter()

    def add_package(self, split: Split, package: Package, archive: Path, max_chars: int) -> None:
        """Check a fetched package's licence, and write what is worth keeping of it."""
        if package.registry == "npm":
            licence, files = read_tarball_licence(archive), _tarball_texts(archive)
        else:
            licence, files = read_licence(archive), _wheel_files(archive)
        self.add(split, package, check_licence(package, licence), files, max_chars)

    def add(
        self,
        split: Split,
        package: Package,
        licence: str,
        files: Iterable[tuple[str, str]],
        max_chars: int,
    ) -> None:
        """Write what is worth keeping of a project's files, given as path and text."""
        kept = self._choose(files, max_chars)
        for path, text in kept:
            record = asdict(SourceFile(split, package.name, path, text))
            self._out.write(json.dumps(record, ensure_ascii=False) + "\n")
        num_bytes = sum(len(text.encode("utf-8")) for _, text in kept)
        self.sources.append(
            Source(
                *(split, package.name, package.version, licence, len(kept), num_bytes),
                package.registry,
            )
        )

    def _choose(self, files: Iterable[tuple[str, str]], max_chars: int) -> list[tuple[str, str]]:
        """The files to keep, up to `max_chars`: code first, tests up to their share.

        Where there is too much, which files are taken is decided by a digest of their path.
        """
        ordered = sorted(files, key=lambda file: (is_test_path(file[0]), _digest(file[0])))
        kept: list[tuple[str, str]] = []
        num_chars = {False: 0, True: 0}
        for path, raw in ordered:
            text = clean_text(raw)
            is_test = is_test_path(path)
            room = max_chars * self._test_share if is_test else max_chars
            is_full = sum(num_chars.values()) >= max_chars or num_chars[is_test] >= room
            reason = reason_to_drop(text) or ("share" if is_full else None)
            if reason is None and not self._duplicates.try_add(text):
                reason = "duplicate"
            if reason is not None:
                self.drops[reason] += 1
                continue
            num_chars[is_test] += len(text)
            kept.append((path, text))
        return kept


def _digest(path: str) -> bytes:
    return hashlib.blake2b(path.encode("utf-8"), digest_size=8).digest()


def _fetch(package: Package, cache: Path) -> Path:
    fetch = download_tarball if package.registry == "npm" else download_wheel
    return fetch(package, cache)


def _tarball_texts(tarball: Path) -> Iterator[tuple[str, str]]:
    for path, data in tarball_files(tarball):
        if not is_skipped_path(path):
            yield from _decoded(path, data)


def _wheel_files(wheel: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if language_of(name) in _WHEEL_LANGUAGES and not is_skipped_path(name):
                yield from _decoded(name, archive.read(name))


def _standard_library_files(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not is_skipped_path(name) and not is_test_path(name):
            yield from _decoded(name, path.read_bytes())


def _decoded(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    """The file's text, or nothing where it is not UTF-8."""
    try:
        yield name, data.decode("utf-8")
    except UnicodeDecodeError:
        return
