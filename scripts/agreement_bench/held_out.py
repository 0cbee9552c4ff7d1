"""Source that no embedded model was trained on: the held-out projects of its training list."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from scripts.embedded_model.collect import CollectLimits, SourceFile, collect, read_corpus
from scripts.embedded_model.packages import PACKAGE_LIST, read_package_list


def cache_folder() -> Path:
    """Return where wheels, source and unfinished measurements are kept."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "bantam-dev" / "agreement"


def held_out_files(corpus: Path | None = None) -> list[SourceFile]:
    """Return the held-out files, downloaded and filtered once as those for training are.

    Args:
        corpus: A corpus that was collected before; `None`: our own.

    Raises:
        CalledProcessError: A wheel could not be fetched.
        OSError: A file could not be read or written.
    """
    return read_corpus(corpus or _own_corpus(), "held_out")


def _own_corpus() -> Path:
    pinned = hashlib.sha256(PACKAGE_LIST.read_bytes()).hexdigest()[:12]
    corpus = cache_folder() / f"held-out-{pinned}.jsonl"
    if not corpus.is_file():
        corpus.parent.mkdir(parents=True, exist_ok=True)
        packages = replace(read_package_list(), train=())
        limits = CollectLimits(standard_library_chars=0)
        collect(packages, cache_folder() / "wheels", limits, corpus)
    return corpus
