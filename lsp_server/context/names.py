"""What a name in a file means: its own definitions, its imports, its package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.context.definitions import Definition
from lsp_server.context.imports import Import
from lsp_server.context.index import FileFacts, Index
from lsp_server.context.languages.resolver import load_resolver

#: How many re-exports are followed for one name.
MAX_HOPS = 4


@dataclass(frozen=True, slots=True)
class Located:
    """A definition and the file it stands in."""

    file: FileFacts
    definition: Definition


def imported_files(one: Import, file: FileFacts, index: Index) -> tuple[FileFacts, ...]:
    """Return the files behind an import: the submodule that it names, else the module."""
    resolver = load_resolver(file.language)
    if one.name is not None and (inner := resolver.submodule(one.module, one.name)):
        found = index.module_files(inner, None, file)
        if found:
            return found
    return index.module_files(one.module, one.name, file)


def find_name(name: str, file: FileFacts, index: Index) -> Located | None:
    """Return what a name means in a file, or `None` if the workspace does not say."""
    return _find_name(name, file, index, MAX_HOPS)


def find_module(name: str, file: FileFacts, index: Index) -> tuple[FileFacts, ...]:
    """Return the files of the module that a name is bound to, if it is bound to one."""
    for one in file.imports:
        if one.alias != name:
            continue
        if one.name is None:
            return imported_files(one, file, index)
        return _submodule_files(one, file, index)
    return ()


def _find_name(name: str, file: FileFacts, index: Index, hops: int) -> Located | None:
    own = file.named(name)
    if own is not None:
        return Located(file, own)
    if hops == 0:
        return None
    for found in _through_imports(name, file, index, hops - 1):
        return found
    for facts in index.implicit_files(name, file):
        definition = facts.named(name)
        if definition is not None:
            return Located(facts, definition)
    return None


def _through_imports(name: str, file: FileFacts, index: Index, hops: int) -> Iterator[Located]:
    for one in file.imports:
        if one.alias == name and one.name is not None:
            wanted = one.name
        elif one.is_wildcard:
            wanted = name
        else:
            continue
        for target in index.module_files(one.module, wanted, file):
            found = _default(name, target) if wanted == "default" else None
            found = found or _find_name(wanted, target, index, hops)
            if found is not None:
                yield found


def _submodule_files(one: Import, file: FileFacts, index: Index) -> tuple[FileFacts, ...]:
    resolver = load_resolver(file.language)
    inner = resolver.submodule(one.module, one.name or "")
    if inner is None:
        return ()
    return index.module_files(inner, None, file)


def _default(name: str, file: FileFacts) -> Located | None:
    """Return what a file exports by default: marked as such, or of the name it is given."""
    for definition in file.definitions:
        if definition.header.startswith("export default"):
            return Located(file, definition)
    own = file.named(name)
    return Located(file, own) if own is not None else None
