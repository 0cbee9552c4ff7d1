"""What the workspace's files define and import: in memory, parsed when first needed.

An open document's text counts before the file's.  Files are parsed again when they changed;
the table of names grows by a little with every call, as far as the deadline lets it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.context.deadline import Deadline
from lsp_server.context.definitions import (
    Definition,
    DefinitionKind,
    Found,
    definitions_of,
    find,
)
from lsp_server.context.imports import Import, find_imports
from lsp_server.context.languages.registry import (
    LanguageFacts,
    family_extensions,
    language_of_path,
)
from lsp_server.context.languages.resolver import load_resolver
from lsp_server.context.syntax import ParsedText, parse
from lsp_server.context.workspace import Stamp, Workspace

#: Files whose facts are kept.
MAX_FILES = 5_000

#: Names of which it is known where they lead; then all are looked up anew.
MAX_RESOLVED = 10_000


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file defines and imports.

    Attributes:
        path: The file.
        language: What it is written in.
        definitions: In the order of the text.
        imports: In the order of the text.
        classes: The definitions that hold members, in the order of the text.
    """

    path: Path
    language: LanguageFacts
    definitions: tuple[Definition, ...]
    imports: tuple[Import, ...]
    classes: tuple[Definition, ...]
    _outermost: dict[str, Definition] = field(repr=False, compare=False)

    def members_of(self, owner: str) -> tuple[Definition, ...]:
        """Return what is defined right within `owner`."""
        return tuple(one for one in self.definitions if one.owner == owner)

    def named(self, name: str) -> Definition | None:
        """Return what a name means to other files: the outermost definition, first one wins."""
        return self._outermost.get(name)

    def all_named(self, name: str) -> tuple[Definition, ...]:
        """Return everything that has this name, members included."""
        return tuple(one for one in self.definitions if one.name == name)

    def class_named(self, name: str) -> Definition | None:
        """Return the class of a name, also one that stands within another class."""
        own = self._outermost.get(name)
        if own is not None and own.holds_members:
            return own
        return next((one for one in self.classes if one.name == name), None)


def facts_of(path: Path, parsed: ParsedText, found: Sequence[Found]) -> FileFacts:
    """Return what a parsed text defines and imports.

    Args:
        path: Where the text stands.
        parsed: The text.
        found: What `definitions.find` says of it.
    """
    definitions = definitions_of(parsed, found)
    outermost: dict[str, Definition] = {}
    for one in definitions:
        known = outermost.get(one.name)
        if not one.owners and (known is None or known.kind is DefinitionKind.EXTENSION):
            outermost[one.name] = one
    classes = tuple(one for one in definitions if one.holds_members)
    return FileFacts(path, parsed.language, definitions, find_imports(parsed), classes, outermost)


class Index:
    """Facts about the files of a workspace.

    Not safe for threads: one at a time.
    """

    def __init__(self, workspace: Workspace, max_files: int = MAX_FILES) -> None:
        self.workspace = workspace
        self._max_files = max_files
        self._facts: OrderedDict[Path, tuple[Stamp | int, FileFacts | None]] = OrderedDict()
        self._paths_by_name: dict[str, dict[Path, None]] = {}
        self._open_texts: Mapping[Path, str] = {}
        self._fresh: set[Path] = set()
        self._num_met: dict[str, int] = {}
        self._resolved: dict[tuple[str | None, str | None, Path], tuple[Path, ...]] = {}

    def look_anew(self, open_texts: Mapping[Path, str]) -> None:
        """Begin a gathering: what the disk and the open documents say now holds until the next.

        Args:
            open_texts: Texts of open documents, which count instead of their files'.
        """
        self.workspace.look_anew()
        self._open_texts = open_texts
        self._fresh.clear()

    def module_files(
        self, module: str, name: str | None, importer: FileFacts
    ) -> tuple[FileFacts, ...]:
        """Return the files of a module that a file imports, see `BaseResolver`."""
        key = (module, name, importer.path)
        if key not in self._resolved:
            self._make_room()
            resolver = load_resolver(importer.language)
            self._resolved[key] = resolver.module_files(module, name, importer.path, self.workspace)
        return self._all_facts(self._resolved[key])

    def implicit_files(self, name: str, importer: FileFacts) -> tuple[FileFacts, ...]:
        """Return the files where `name` may be defined without an import."""
        key = (None, name, importer.path)
        if key not in self._resolved:
            self._make_room()
            resolver = load_resolver(importer.language)
            self._resolved[key] = resolver.implicit_files(name, importer.path, self.workspace)
        return self._all_facts(self._resolved[key])

    def facts(self, path: Path) -> FileFacts | None:
        """Return what a file defines and imports, `None` if it may not be read."""
        known = self._facts.get(path)
        if known is not None and path in self._fresh:
            return known[1]
        stamp = self._stamp(path)
        if stamp is None:
            self._drop(path)
            return None
        self._fresh.add(path)
        if known is not None and known[0] == stamp:
            self._facts.move_to_end(path)
            return known[1]
        self._drop(path)
        facts = self._parse(path)
        self._keep(path, stamp, facts)
        return facts

    def defining(self, name: str, max_files: int) -> tuple[FileFacts, ...]:
        """Return the files, of those parsed so far, that define `name`, also as a member.

        Args:
            name: The name.
            max_files: Return none if there are more than these.
        """
        paths = sorted(self._paths_by_name.get(name, ()))
        if len(paths) > max_files:
            return ()
        return tuple(facts for facts in self._all_facts(tuple(paths)) if facts.all_named(name))

    def advance(self, family: str, deadline: Deadline) -> bool:
        """Parse files of a language family that were not met yet, until the deadline.

        Returns:
            Whether every file has been met.
        """
        extensions = family_extensions(family)
        paths = self.workspace.source_files(deadline)
        for position in range(self._num_met.get(family, 0), len(paths)):
            if deadline.has_passed() or len(self._facts) >= self._max_files:
                return False
            if paths[position].suffix in extensions:
                self.facts(paths[position])
            self._num_met[family] = position + 1
        return deadline.was_met

    def refresh(self) -> None:
        """Look for new files; facts of files that did not change stay."""
        self.workspace.refresh()
        self._resolved.clear()
        self._num_met.clear()

    def _make_room(self) -> None:
        if len(self._resolved) >= MAX_RESOLVED:
            self._resolved.clear()

    def _all_facts(self, paths: tuple[Path, ...]) -> tuple[FileFacts, ...]:
        found = (self.facts(path) for path in paths)
        return tuple(facts for facts in found if facts is not None)

    def _stamp(self, path: Path) -> Stamp | int | None:
        stamp = self.workspace.stamp(path)
        if stamp is not None and path in self._open_texts:
            return hash(self._open_texts[path])
        return stamp

    def _parse(self, path: Path) -> FileFacts | None:
        language = language_of_path(path)
        text = self._open_texts.get(path)
        if text is None:
            text = self.workspace.read_text(path)
        if language is None or text is None:
            return None
        parsed = parse(text, language)
        return facts_of(path, parsed, find(parsed))

    def _keep(self, path: Path, stamp: Stamp | int, facts: FileFacts | None) -> None:
        self._facts[path] = (stamp, facts)
        for definition in facts.definitions if facts is not None else ():
            self._paths_by_name.setdefault(definition.name, {})[path] = None
        while len(self._facts) > self._max_files:
            self._drop(next(iter(self._facts)))

    def _drop(self, path: Path) -> None:
        _, facts = self._facts.pop(path, (None, None))
        for definition in facts.definitions if facts is not None else ():
            paths = self._paths_by_name.get(definition.name, {})
            paths.pop(path, None)
            if not paths:
                self._paths_by_name.pop(definition.name, None)
