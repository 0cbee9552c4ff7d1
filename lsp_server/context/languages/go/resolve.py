"""Go: import paths below the module of `go.mod` to the files of a package."""

from __future__ import annotations

import re
from pathlib import Path

from lsp_server.context.languages.resolver import BaseResolver, Files

_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_VERSION = re.compile(r"^v\d+$")
_GO = frozenset({".go"})


class Resolver(BaseResolver):
    """A package is all files of a folder, tests aside."""

    members_elsewhere = True

    def bound_name(self, module: str) -> str:
        """`a/b` binds `b`, and `a/b/v2` does, too."""
        parts = module.split("/")
        if len(parts) > 1 and _VERSION.match(parts[-1]):
            return parts[-2]
        return parts[-1]

    def module_files(
        self,
        module: str,
        name: str | None,  # noqa: ARG002
        importer: Path,
        files: Files,
    ) -> tuple[Path, ...]:
        """Return the files of an imported package."""
        found = _module_of(importer, files)
        if found is None:
            return ()
        folder, own_module = found
        if module != own_module and not module.startswith(own_module + "/"):
            return ()
        return _package(folder / module[len(own_module) :].lstrip("/"), files)

    def implicit_files(
        self,
        name: str,  # noqa: ARG002
        importer: Path,
        files: Files,
    ) -> tuple[Path, ...]:
        """Return the other files of the importer's own package."""
        return tuple(path for path in _package(importer.parent, files) if path != importer)


def _package(folder: Path, files: Files) -> tuple[Path, ...]:
    found = files.siblings(folder, _GO)
    return tuple(path for path in found if not path.name.endswith("_test.go"))


def _module_of(importer: Path, files: Files) -> tuple[Path, str] | None:
    """Return the folder of the nearest `go.mod` and the module that it names."""
    root = files.root_of(importer)
    for folder in importer.parents:
        if root is None or not folder.is_relative_to(root):
            return None
        text = files.read_text(folder / "go.mod")
        named = _MODULE.search(text) if text is not None else None
        if named is not None:
            return folder, named[1]
    return None
