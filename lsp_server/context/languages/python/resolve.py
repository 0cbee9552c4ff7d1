"""Python: dotted and relative modules to files."""

from __future__ import annotations

from pathlib import Path

from lsp_server.context.languages.resolver import BaseResolver, Files

_ENDINGS = (".py", ".pyi", "/__init__.py", "/__init__.pyi")


class Resolver(BaseResolver):
    """Looks in the importer's folder and those above it, and in `src`."""

    def submodule(self, module: str, name: str) -> str | None:
        """`from a import b` may mean the module `a.b`, `from . import b` the module `.b`."""
        return module + name if module.endswith(".") else f"{module}.{name}"

    def module_files(
        self,
        module: str,
        name: str | None,  # noqa: ARG002
        importer: Path,
        files: Files,
    ) -> tuple[Path, ...]:
        """Return the one file of a module."""
        dotted = module.lstrip(".")
        parts = dotted.split(".") if dotted else []
        if level := len(module) - len(dotted):
            folders = [importer.parents[min(level, len(importer.parents)) - 1]]
        else:
            folders = _source_folders(importer, parts[0], files)
        for folder in folders:
            found = _module_file(folder, parts, files)
            if found is not None and found != importer:
                return (found,)
        return ()


def _source_folders(importer: Path, package: str, files: Files) -> list[Path]:
    """Return the folders that hold a package or module of this name, nearest first."""
    root = files.root_of(importer)
    if root is None:
        return [importer.parent]
    above = importer.parents[: len(importer.parts) - len(root.parts)]
    names = {package, f"{package}.py", f"{package}.pyi"}
    return [folder for folder in (*above, root / "src") if names & files.names_in(folder)]


def _module_file(folder: Path, parts: list[str], files: Files) -> Path | None:
    base = str(folder.joinpath(*parts))
    endings = _ENDINGS if parts else _ENDINGS[2:]
    candidates = (Path(base + ending) for ending in endings)
    return next((path for path in candidates if files.is_file(path)), None)
