"""Packages of the npm registry: fetch one as a tarball, and read its licence and its source.

`npm pack` of a published package runs none of its scripts.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from .languages import language_of
from .packages import Package

# What a bundler wrote, not a person.
_BUILT_FOLDERS = frozenset(
    ("dist", "build", "umd", "bundles", "cjs", "esm", "esm5", "fesm2015", "es", "min", "out")
)
_ROOT = "package/"


def download_tarball(package: Package, cache: Path) -> Path:
    """Fetch one package with npm, unless the cache has it; returns its path.

    Raises:
        subprocess.CalledProcessError: npm found no such package.
    """
    folder = cache / f"npm-{package.name}-{package.version}"
    present = list(folder.glob("*.tgz"))
    if present:
        return present[0]
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder)]
    wanted = f"{package.name}@{package.version}"
    subprocess.run([*command, wanted], check=True, capture_output=True, text=True)
    return next(folder.glob("*.tgz"))


def read_tarball_licence(tarball: Path) -> str:
    """The licence that `package.json` states; empty if it states none."""
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(f"{_ROOT}package.json")
        assert member is not None, f"{tarball} has no package.json"
        licence = json.loads(member.read()).get("license", "")
    return str(licence.get("type", "")) if isinstance(licence, dict) else str(licence)


def tarball_files(tarball: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of each source file that a person wrote."""
    with tarfile.open(tarball) as archive:
        for entry in archive:
            path = entry.name.removeprefix(_ROOT)
            if not entry.isfile() or not is_written_by_hand(path):
                continue
            member = archive.extractfile(entry)
            if member is not None:
                yield path, member.read()


def is_written_by_hand(path: str) -> bool:
    """Whether a path is source in a known language, and neither built nor a declaration."""
    pure = PurePosixPath(path)
    if language_of(path) is None or not _BUILT_FOLDERS.isdisjoint(pure.parts[:-1]):
        return False
    return ".min." not in pure.name and not pure.name.endswith((".d.ts", ".d.mts", ".d.cts"))
