"""Rust: `use` trees, child modules and `crate::` paths to files."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from lsp_server.context.languages.resolver import BaseResolver, Files, Imported

_ROOT_FILES = ("lib.rs", "main.rs", "mod.rs")


class Resolver(BaseResolver):
    """A module is a file `a.rs` or `a/mod.rs`; modules within a file belong to that file."""

    def bound_name(self, module: str) -> str:
        """`crate::a::b` binds `b`."""
        return module.rpartition("::")[2]

    def expand(self, tree: str) -> tuple[Imported, ...]:
        """`a::{b, c::D as E}` is `b` of `a` and `D`, here `E`, of `a::c`."""
        return tuple(_expand("", " ".join(tree.split())))

    def child(self, name: str) -> Imported:
        """`mod a;` declares the module `self::a`."""
        return Imported(f"self::{name}", None, name)

    def submodule(self, module: str, name: str) -> str | None:
        """`use a::b` may mean the module `a::b`."""
        return f"{module}::{name}" if module else name

    def module_in_code(self, names: Sequence[str]) -> str | None:
        """`crate::a::B` names the module `crate::a` without any `use`."""
        return "::".join(names) if names[0] in ("crate", "super") else None

    def module_files(
        self,
        module: str,
        name: str | None,
        importer: Path,
        files: Files,
    ) -> tuple[Path, ...]:
        """Return the file of a module; for a name in it also the file that the module is in."""
        crate = _crate_of(importer, files)
        if crate is None:
            return ()
        source, crate_name = crate
        parts = module.split("::")
        folder = _module_folder(importer)
        found: Path | None = None
        if parts[0] in ("crate", crate_name):
            folder, parts = source, parts[1:]
            found = _first_file([source / "lib.rs", source / "main.rs"], files)
        elif parts[0] == "self":
            parts = parts[1:]
        while parts and parts[0] == "super":
            folder, parts = folder.parent, parts[1:]
            found = _module_file(folder.parent, folder.name, files)
        for part in parts:
            deeper = _module_file(folder, part, files)
            if deeper is None and name is None:
                return ()
            if deeper is None:
                break
            found, folder = deeper, folder / part
        return (found,) if found is not None and found != importer else ()


def _expand(before: str, tree: str) -> list[Imported]:
    tree = tree.strip()
    head, bracket, rest = tree.partition("{")
    if bracket:
        module = _joined(before, head.strip().removesuffix("::"))
        inner = rest.rpartition("}")[0]
        return [one for part in _split_list(inner) for one in _expand(module, part)]
    path, _, alias = (part.strip() for part in tree.partition(" as "))
    module, _, name = _joined(before, path).rpartition("::")
    if not name:
        return []
    if name == "*":
        return [Imported(module, None, "", is_wildcard=True)]
    if name == "self":
        module, _, name = module.rpartition("::")
    return [Imported(module, name, alias or name)]


def _joined(before: str, path: str) -> str:
    return f"{before}::{path}" if before and path else before or path


def _split_list(inner: str) -> list[str]:
    """Split at the commas that stand outside of inner brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(inner):
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            parts.append(inner[start:index])
            start = index + 1
    return [part for part in [*parts, inner[start:]] if part.strip()]


def _crate_of(importer: Path, files: Files) -> tuple[Path, str] | None:
    """Return the source folder and the name of the crate that a file belongs to."""
    root = files.root_of(importer)
    for folder in importer.parents:
        if root is None or not folder.is_relative_to(root):
            return None
        text = files.read_text(folder / "Cargo.toml")
        if text is not None:
            return folder / "src", _crate_name(text)
    return None


def _crate_name(text: str) -> str:
    try:
        package = tomllib.loads(text).get("package", {})
    except tomllib.TOMLDecodeError:
        return "crate"
    return str(package.get("name", "crate")).replace("-", "_")


def _module_folder(importer: Path) -> Path:
    """Return where the children of a file's module stand."""
    if importer.name in _ROOT_FILES:
        return importer.parent
    return importer.with_suffix("")


def _module_file(folder: Path, name: str, files: Files) -> Path | None:
    candidates = [folder / f"{name}.rs", folder / name / "mod.rs"]
    if name == "src":
        candidates = [folder / "src" / "lib.rs", folder / "src" / "main.rs"]
    return _first_file(candidates, files)


def _first_file(candidates: list[Path], files: Files) -> Path | None:
    return next((path for path in candidates if files.is_file(path)), None)
