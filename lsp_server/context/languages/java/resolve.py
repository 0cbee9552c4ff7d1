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
        sources = _source_folders(importer, files)
        package = importer.parent.relative_to(sources[-1])
        siblings = [source / package / f"{name}.java" for source in sources]
        return tuple(path for path in siblings if path != importer and files.is_file(path))[:1]


def _source_folders(importer: Path, files: Files) -> list[Path]:
    """Return where packages begin, sources before tests; the importer's own folder is last."""
    own = _source_folder(importer, files)
    main = Path(str(own).replace("/src/test/", "/src/main/"))
    return [main] if main == own else [main, own]


def _source_folder(importer: Path, files: Files) -> Path:
    """Return the folder above the importer's package: named by custom, or by its own text."""
    for folder in importer.parents:
        if folder.name == "java" and folder.parent.name in ("main", "test"):
            return folder
    package = _PACKAGE.search(files.read_text(importer) or "")
    depth = len(package[1].split(".")) if package else 0
    return importer.parents[depth] if depth < len(importer.parents) else importer.parent
