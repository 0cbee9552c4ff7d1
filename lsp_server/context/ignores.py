"""Which files a project does not count as its own: `.gitignore`, nested, and vendored folders."""

from __future__ import annotations

import os
from pathlib import Path

from pathspec import GitIgnoreSpec

#: Folders of other people's code, of build products and of tools.  Hidden folders are left out
#: besides.
FOREIGN_FOLDERS = frozenset(
    {
        "__pycache__",
        "bower_components",
        "dist",
        "node_modules",
        "site-packages",
        "third_party",
        "vendor",
        "vendored",
        "venv",
    }
)

#: Files by which tools mark folders of their own (virtual environments, caches, Cargo's output).
FOREIGN_MARKERS = ("pyvenv.cfg", "CACHEDIR.TAG")


class IgnoreRules:
    """The `.gitignore` files of one workspace folder, read when a path below them is asked for.

    Rules of folders above, up to the one that holds `.git`, count as well.
    """

    def __init__(self, root: Path) -> None:
        self._top = _repository_of(root)
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._folders: dict[str, bool] = {}

    def is_ignored(self, path: Path) -> bool:
        """Whether a file below the root is left out, or a folder on the way to it."""
        folder = str(path.parent)
        return self._is_folder_ignored(folder) or self._is_named(str(path))

    def is_folder_ignored(self, folder: Path) -> bool:
        """Whether a folder below the root is left out."""
        return self._is_folder_ignored(str(folder))

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        self._specs.clear()
        self._folders.clear()

    def _is_folder_ignored(self, folder: str) -> bool:
        if len(folder) <= len(self._top):
            return False
        known = self._folders.get(folder)
        if known is None:
            name = os.path.basename(folder)  # noqa: PTH119 - text, many times per keystroke
            known = (
                name.startswith(".")
                or name in FOREIGN_FOLDERS
                or self._is_folder_ignored(os.path.dirname(folder))  # noqa: PTH120
                or any(Path(folder, marker).exists() for marker in FOREIGN_MARKERS)
                or self._is_named(folder + "/")
            )
            self._folders[folder] = known
        return known

    def _is_named(self, path: str) -> bool:
        """Whether the nearest rule that matches a path (a folder ends in `/`) leaves it out."""
        folder = os.path.dirname(path.rstrip("/"))  # noqa: PTH120
        while len(folder) >= len(self._top):
            spec = self._spec(folder)
            if spec is not None:
                verdict = spec.check_file(path[len(folder) :].lstrip("/")).include
                if verdict is not None:
                    return verdict
            if folder == os.path.dirname(folder):  # noqa: PTH120
                break
            folder = os.path.dirname(folder)  # noqa: PTH120
        return False

    def _spec(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            lines = _lines(Path(folder, ".gitignore"))
            if folder == self._top:
                lines = _lines(Path(folder, ".git", "info", "exclude")) + lines
            self._specs[folder] = GitIgnoreSpec.from_lines(lines) if lines else None
        return self._specs[folder]


def _repository_of(root: Path) -> str:
    """Return the nearest folder above that holds `.git`, or the root itself."""
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return str(folder)
    return str(root)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
