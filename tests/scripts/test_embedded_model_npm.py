"""Source from npm packages."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from scripts.embedded_model.collect import CollectLimits, collect, read_corpus
from scripts.embedded_model.languages import path_comment
from scripts.embedded_model.npm import is_written_by_hand
from scripts.embedded_model.packages import LicenceError, Package, PackageList

SOURCE = "".join(f"export function f{i}(a: number) {{\n  return a + {i};\n}}\n" for i in range(9))


def add_tarball(cache: Path, package: Package, licence: object) -> None:
    folder = cache / f"npm-{package.name}-{package.version}"
    folder.mkdir(parents=True)
    files = {
        "package.json": json.dumps({"license": licence}),
        "src/index.ts": SOURCE,
        "dist/index.js": SOURCE + "let built = 1;\n",
        "src/index.d.ts": SOURCE + "let declared = 1;\n",
        "README.md": "text",
    }
    with tarfile.open(folder / "some.tgz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


def gather(folder: Path, licence: object) -> list[str]:
    package = Package("some", "1", "npm")
    add_tarball(folder, package, licence)
    library = folder / "library"
    library.mkdir()
    corpus = folder / "corpus.jsonl"
    sources = collect(PackageList((package,), ()), folder, CollectLimits(), corpus, library)
    assert sources[0].registry == "npm"
    return [file.path for file in read_corpus(corpus, "train")]


@pytest.mark.parametrize("licence", ["MIT", {"type": "MIT"}])
def test_only_source_that_a_person_wrote_is_taken(tmp_path: Path, licence: object) -> None:
    assert gather(tmp_path, licence) == ["src/index.ts"]


def test_a_restricted_licence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LicenceError, match="some"):
        gather(tmp_path, "GPL-3.0")


@pytest.mark.parametrize(
    ("path", "is_source"),
    [("lib/a.js", True), ("a.min.js", False), ("esm/a.js", False), ("a.json", False)],
)
def test_built_files_are_known_by_name(path: str, is_source: bool) -> None:
    assert is_written_by_hand(path) is is_source


def test_each_language_has_its_own_path_comment() -> None:
    assert path_comment("a/b.py") == "# a/b.py\n"
    assert path_comment("a/b.ts") == "// a/b.ts\n"
