"""How a language finds the files behind an import: what a `resolve.py` may answer.

A `resolve.py` holds a class `Resolver` derived from `BaseResolver`; a language that has none
resolves no imports.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lsp_server.context.languages.registry import FOLDER, LanguageFacts


@dataclass(frozen=True, slots=True)
class Imported:
    """One name of an import statement, see `context.imports.Import`."""

    module: str
    name: str | None
    alias: str
    is_wildcard: bool = False


class Files(Protocol):
    """What a resolver may know of the workspace.  Only readable files exist."""

    def root_of(self, path: Path) -> Path | None:
        """Return the workspace folder that holds a path."""
        ...

    def is_file(self, path: Path) -> bool:
        """Whether this file exists and may be read."""
        ...

    def read_text(self, path: Path) -> str | None:
        """Return the text of a file, if it may be read."""
        ...

    def names_in(self, folder: Path) -> frozenset[str]:
        """Return the names of what stands in a folder, readable or not."""
        ...

    def siblings(self, folder: Path, extensions: frozenset[str]) -> tuple[Path, ...]:
        """Return a folder's own files with these endings, sorted."""
        ...


class BaseResolver:
    """Finds nothing; each language overrides what it has.

    Attributes:
        members_elsewhere: Whether members of a class may stand in other files of its package.
    """

    members_elsewhere = False

    def bound_name(self, module: str) -> str:
        """Return the name that importing a whole module binds."""
        return module

    def expand(self, tree: str) -> Sequence[Imported]:  # noqa: ARG002 - for languages with trees
        """Return the imports of a statement that holds a tree of names."""
        return ()

    def child(self, name: str) -> Imported:
        """Return the import of a module that a file declares as its child."""
        return Imported(name, None, name)

    def submodule(self, module: str, name: str) -> str | None:  # noqa: ARG002
        """Return how the module `name` within `module` is written, if names can be modules."""
        return None

    def module_in_code(self, names: Sequence[str]) -> str | None:  # noqa: ARG002
        """Return the module that a path within an expression names, if that can be."""
        return None

    def module_files(
        self,
        module: str,  # noqa: ARG002
        name: str | None,  # noqa: ARG002 - a hint, for languages with one file per name
        importer: Path,  # noqa: ARG002
        files: Files,  # noqa: ARG002
    ) -> tuple[Path, ...]:
        """Return the files that a module consists of."""
        return ()

    def implicit_files(
        self,
        name: str,  # noqa: ARG002
        importer: Path,  # noqa: ARG002
        files: Files,  # noqa: ARG002
    ) -> tuple[Path, ...]:
        """Return files whose names need no import, where `name` may be defined."""
        return ()


@functools.cache
def load_resolver(language: LanguageFacts) -> BaseResolver:
    """Return a language's resolver."""
    if not (FOLDER / language.resolver / "resolve.py").is_file():
        return BaseResolver()
    module = importlib.import_module(f"lsp_server.context.languages.{language.resolver}.resolve")
    resolver: BaseResolver = module.Resolver()
    return resolver
