"""What other files of a project say, in front of a file: signatures, dependencies first.

It looks like what the server gathers: a path comment, then the headers of what is defined there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from random import Random

from .collect import SourceFile

MAX_BLOCKS = 6
MAX_BLOCK_CHARS = 1_600

_IMPORT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+import\s+([\w, ()]+)|import\s+([\w.]+))", re.MULTILINE
)
_HEADER = re.compile(r"^(?:[A-Z_][A-Z0-9_]+\s*[:=]|[ \t]*(?:class|async def|def)\s)")


class CrossFile:
    """Finds the files of a project that a file imports."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._by_module = {(file.project, module_name(file.path)): file for file in files}

    def blocks(self, file: SourceFile, rng: Random) -> list[str]:
        """Texts to put before a file, at most `MAX_BLOCKS`, what is imported first standing first.

        A random share is left out, as the server also finds more or less.
        """
        found = [other for other in self._imported(file) if rng.random() < 0.85]
        blocks = (block for other in found[:MAX_BLOCKS] if (block := outline(other)))
        return list(blocks)

    def _imported(self, file: SourceFile) -> list[SourceFile]:
        found: dict[str, SourceFile] = {}
        for module in imported_modules(file):
            other = self._by_module.get((file.project, module))
            if other is not None and other.path != file.path:
                found.setdefault(other.path, other)
        return list(found.values())


def module_name(path: str) -> str:
    """`pkg/mod.py` is `pkg.mod`, and `pkg/__init__.py` is `pkg`."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(file: SourceFile) -> Iterator[str]:
    """Names of the modules that a file imports, relative ones resolved; names may be no modules."""
    package = PurePosixPath(file.path).parent.parts
    for source, names, module in _IMPORT.findall(file.text):
        if module:
            yield module
            continue
        num_dots = len(source) - len(source.lstrip("."))
        base = ".".join((*package[: len(package) - num_dots + 1], *source[num_dots:].split(".")))
        start = base.strip(".") if num_dots else source
        yield start
        for name in re.findall(r"\w+", names):
            yield f"{start}.{name}"


def outline(file: SourceFile) -> str:
    """A path comment and the headers of what a file defines; empty if it defines nothing."""
    lines = [line for line in file.text.split("\n") if _HEADER.match(line)]
    text = "\n".join(lines)[:MAX_BLOCK_CHARS]
    return f"# {file.path}\n{text}\n\n" if text else ""
