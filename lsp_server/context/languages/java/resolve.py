"""Java: packages to folders, classes to files."""

from __future__ import annotations

import re
from pathlib import Path

from lsp_server.context.languages.resolver import BaseResolver, Files

_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)
_JAVA = frozenset({".java"})


class Resolver(BaseResolver):
    """A class stands in the file of its name, in the folder of its package."""

    def module_files(
        self, module: str, name: str | None, importer: Path, files: Files
    ) -> tuple[Path, ...]:
        """Return the file of `name` in a package, the file of a class, or a whole package."""
        path = module.replace(".", "/")
        for source in _source_folders(importer, files):
            for candidate in (source / path / f"{name}.java", source / f"{path}.java"):
                if files.is_file(candidate):
                    return (candidate,)
            if name is None and (found := files.siblings(source / path, _JAVA)):
                return found
        return ()

    def implicit_files(self, name: str, importer: Path, files: Files) -> tuple[Path, ...]:
        """Return the file of a class in the importer's own package."""
        sibling = importer.parent / f"{name}.java"
        return (sibling,) if sibling != importer and files.is_file(sibling) else ()


def _source_folders(importer: Path, files: Files) -> list[Path]:
    """Return where packages begin: above the importer's own package, tests after sources."""
    text = files.read_text(importer) or ""
    package = _PACKAGE.search(text)
    depth = len(package[1].split(".")) if package else 0
    source = importer.parents[depth] if depth < len(importer.parents) else importer.parent
    main = Path(str(source).replace("/src/test/", "/src/main/"))
    return [main] if main == source else [main, source]
