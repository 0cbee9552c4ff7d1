"""The corpus: from wheels and the standard library to one file, with an account."""

from __future__ import annotations

import zipfile
from pathlib import Path

from scripts.embedded_model.collect import (
    STANDARD_LIBRARY,
    CollectLimits,
    collect,
    read_corpus,
    read_sources,
)
from scripts.embedded_model.packages import Package, PackageList


def body(seed: str) -> str:
    return "".join(f"def {seed}_{name}(a):\n    return {seed} + a\n\n\n" for name in "abcdefgh")


def add_wheel(cache: Path, package: Package, files: dict[str, str]) -> None:
    folder = cache / f"{package.name}-{package.version}"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / f"{package.name}-1-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("x.dist-info/METADATA", "License-Expression: MIT\n\n")


def test_a_copy_of_held_out_code_is_not_trained_on(tmp_path: Path) -> None:
    train, held_out = Package("train-me", "1"), Package("keep-me", "1")
    add_wheel(tmp_path, held_out, {"kept/a.py": body("kept")})
    copies = {"mine/copy.py": body("kept"), "mine/own.py": body("own"), "mine/readme.txt": "x"}
    add_wheel(tmp_path, train, copies)
    corpus = tmp_path / "corpus.jsonl"
    library = tmp_path / "library"
    library.mkdir()
    library.joinpath("module.py").write_text(body("library"), encoding="utf-8")
    packages = PackageList((train,), (held_out,))
    sources = collect(packages, tmp_path, CollectLimits(), corpus, library)
    paths = {file.path for file in read_corpus(corpus, "train") if file.project == "train-me"}
    assert paths == {"mine/own.py"}
    assert [file.path for file in read_corpus(corpus, "held_out")] == ["kept/a.py"]
    assert read_sources(corpus) == sources
    assert [source.name for source in sources] == ["keep-me", "train-me", STANDARD_LIBRARY]
    assert [source.num_files for source in sources] == [1, 1, 1]
    assert sources[1].num_bytes == len(body("own").rstrip()) + 1
