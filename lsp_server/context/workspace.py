"""Which files there are and may be read: the only place of `context` that touches the disk.

A file is readable when it stands in a workspace folder, links included, is not ignored, not
vendored, not generated, not too large, and does not look like a secret.  Everything else does
not exist for the rest of `context`.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsp_server.context.deadline import Deadline
from lsp_server.context.ignores import IgnoreRules
from lsp_server.context.languages.registry import language_of_path
from lsp_server.context.secrets import looks_secret

#: Larger files are generated, or data.
MAX_FILE_BYTES = 300_000

#: A workspace with more source files than this is indexed up to here.
MAX_FILES = 20_000

#: Source lines are shorter than this; minified files have few and long ones.
MAX_LINE_CHARS = 2_000

_MINIFIED_ENDINGS = (".min.js", ".min.mjs", ".bundle.js", ".pb.go", "_pb2.py", ".d.ts.map")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one version of a file from another."""

    mtime_ns: int
    num_bytes: int


class Workspace:
    """The readable files below some folders."""

    def __init__(self, roots: Sequence[Path], max_cached_texts: int = 64) -> None:
        self._roots = tuple(dict.fromkeys(Path(os.path.realpath(root)) for root in roots))
        self._rules = {root: IgnoreRules(root) for root in self._roots}
        self._texts: OrderedDict[Path, tuple[Stamp, str | None]] = OrderedDict()
        self._max_cached_texts = max_cached_texts
        self._found: list[Path] = []
        self._walk: Iterator[Path] | None = None
        self._stamps: dict[str, Stamp | None] = {}
        self._listings: dict[str, frozenset[str]] = {}

    @property
    def roots(self) -> tuple[Path, ...]:
        """The workspace folders, links resolved."""
        return self._roots

    def look_anew(self) -> None:
        """Ask the disk again; between two calls a file is asked for once at most."""
        self._stamps.clear()
        self._listings.clear()

    def refresh(self) -> None:
        """Look for files, and read ignore rules, anew: files came, went or were saved."""
        self.look_anew()
        self._found = []
        self._walk = None
        for rules in self._rules.values():
            rules.forget()

    def root_of(self, path: Path) -> Path | None:
        """Return the innermost workspace folder that holds a path."""
        text = str(path)
        holding = [root for root in self._roots if _is_within(text, str(root))]
        return max(holding, key=lambda root: len(root.parts), default=None)

    def relative(self, path: Path) -> str:
        """Return a path as people write it: below its workspace folder, with `/`."""
        root = self.root_of(path)
        text = str(path)
        relative = text[len(str(root)) :].lstrip(os.sep) if root is not None else text
        return relative.replace(os.sep, "/")

    def is_file(self, path: Path) -> bool:
        """Whether this file exists and may be read."""
        return self.stamp(path) is not None

    def stamp(self, path: Path) -> Stamp | None:
        """Return the version of a file that may be read, `None` for any other."""
        text = str(path)
        if text not in self._stamps:
            self._stamps[text] = self._ask_for_stamp(path, text)
        return self._stamps[text]

    def read_text(self, path: Path) -> str | None:
        """Return the text of a file, or `None` if it may not be read or is no source text."""
        stamp = self.stamp(path)
        if stamp is None:
            return None
        cached = self._texts.pop(path, None)
        if cached is None or cached[0] != stamp:
            cached = (stamp, _read(path))
        self._texts[path] = cached
        while len(self._texts) > self._max_cached_texts:
            self._texts.popitem(last=False)
        return cached[1]

    def names_in(self, folder: Path) -> frozenset[str]:
        """Return the names of what stands in a folder, readable or not."""
        return self._names_in(str(folder)) if self.root_of(folder) is not None else frozenset()

    def siblings(self, folder: Path, extensions: frozenset[str]) -> tuple[Path, ...]:
        """Return a folder's own readable files with these endings, sorted."""
        names = sorted(self._names_in(str(folder)))
        paths = (folder / name for name in names if _ending(name) in extensions)
        return tuple(path for path in paths if self.is_file(path))

    def source_files(self, deadline: Deadline) -> Sequence[Path]:
        """Return the source files that were found so far; looks on until the deadline.

        The answer grows at its end only, until `refresh`.
        """
        if self._walk is None:
            self._walk = self._walk_roots()
        while len(self._found) < MAX_FILES and not deadline.has_passed():
            path = next(self._walk, None)
            if path is None:
                break
            self._found.append(path)
        return self._found

    def _ask_for_stamp(self, path: Path, text: str) -> Stamp | None:
        root = self.root_of(path)
        folder, _, name = text.rpartition(os.sep)
        if root is None or name not in self._names_in(folder):
            return None
        try:
            found = os.stat(text)  # noqa: PTH116 - many times per keystroke
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE_BYTES:
            return None
        return Stamp(found.st_mtime_ns, found.st_size) if self._is_allowed(path, root) else None

    def _names_in(self, folder: str) -> frozenset[str]:
        if folder not in self._listings:
            try:
                names = os.listdir(folder)  # noqa: PTH208 - many times per keystroke
            except (OSError, ValueError):
                names = []
            self._listings[folder] = frozenset(names)
        return self._listings[folder]

    def _is_allowed(self, path: Path, root: Path) -> bool:
        text = str(path)
        if text.endswith(_MINIFIED_ENDINGS) or looks_secret(text[len(str(root)) :]):
            return False
        if self._rules[root].is_ignored(path):
            return False
        real = os.path.realpath(text)
        if real == text:
            return True
        real_root = self.root_of(Path(real))
        return real_root is not None and not looks_secret(real[len(str(real_root)) :])

    def _walk_roots(self) -> Iterator[Path]:
        seen: set[Path] = set()
        for root in self._roots:
            for path in self._walk_folder(root, root):
                if path not in seen:
                    seen.add(path)
                    yield path

    def _walk_folder(self, folder: Path, root: Path) -> Iterator[Path]:
        """Yield source files, a folder's own ones first, in the order of names."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            path = Path(entry.path)
            if entry.is_file(follow_symlinks=False) and language_of_path(path) is not None:
                yield path
        for entry in entries:
            inner = Path(entry.path)
            if not entry.is_dir(follow_symlinks=False) or looks_secret(entry.name):
                continue
            if not self._rules[root].is_folder_ignored(inner):
                yield from self._walk_folder(inner, root)


def _is_within(path: str, root: str) -> bool:
    return path.startswith(root) and path[len(root) : len(root) + 1] in ("", os.sep)


def _ending(name: str) -> str:
    return name[name.rfind(".") :] if "." in name else ""


def _read(path: Path) -> str | None:
    """Return a file's text, or `None` for what people do not write by hand."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if b"\0" in data:
        return None
    text = data.decode("utf-8-sig", errors="replace")
    if any(len(line) > MAX_LINE_CHARS for line in text.split("\n")):
        return None
    return text
