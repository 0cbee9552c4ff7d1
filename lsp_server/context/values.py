"""What an expression stands for: a class of the workspace, or a module."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.context.definitions import Definition, DefinitionKind
from lsp_server.context.expressions import Link, links_of, type_names
from lsp_server.context.index import FileFacts, Index
from lsp_server.context.languages.resolver import load_resolver
from lsp_server.context.names import Located, find_module, find_name
from lsp_server.context.scopes import Binding

#: Bindings of bindings, and members of members, are followed so far.
MAX_STEPS = 6

#: Base classes of base classes are followed so far.
MAX_BASES = 3


@dataclass(frozen=True, slots=True)
class ClassValue:
    """An object of a class, or the class itself."""

    located: Located


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module, as the files that it consists of."""

    files: tuple[FileFacts, ...]


Value = ClassValue | ModuleValue


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands.

    Attributes:
        file: The file.
        class_name: The class around it, or an empty text.
        bindings: Local names with types.
    """

    file: FileFacts
    class_name: str
    bindings: dict[str, Binding]


def evaluate(expression: str, place: Place, index: Index) -> Value | None:
    """Return what an expression stands for, or `None` if the workspace does not say."""
    return _evaluate(expression, place, index, MAX_STEPS)


def members(located: Located, index: Index) -> tuple[Located, ...]:
    """Return the members of a class, its own first, then those of its bases."""
    found: dict[str, Located] = {}
    for one in (located, *_bases(located, index, MAX_BASES)):
        for member in _own_members(one, index):
            found.setdefault(member.definition.name, member)
    return tuple(found.values())


def _evaluate(expression: str, place: Place, index: Index, steps: int) -> Value | None:
    links = links_of(expression, place.file.language.member_access)
    if not links or steps <= 0:
        return None
    value: Value | None
    value, used = _module_path(links, place, index)
    if value is None:
        value, used = _first(links[0], place, index, steps), 1
    for link in links[used:]:
        if value is None:
            return None
        value = _member(value, link, index, steps - 1)
    return value


def _module_path(
    links: tuple[Link, ...], place: Place, index: Index
) -> tuple[ModuleValue | None, int]:
    """Return the module that the longest possible part of a chain names, and its length."""
    names = [link.name for link in links]
    resolver = load_resolver(place.file.language)
    for length in range(len(names), 0, -1):
        found = find_module(".".join(names[:length]), place.file, index)
        module = resolver.module_in_code(names[:length])
        if not found and module is not None:
            found = index.module_files(module, None, place.file)
        if found:
            return ModuleValue(found), length
    return None, 0


def _first(link: Link, place: Place, index: Index, steps: int) -> Value | None:
    if link.name in place.file.language.self_names:
        own = place.file.class_named(place.class_name)
        return ClassValue(Located(place.file, own)) if own is not None else None
    binding = place.bindings.get(link.name)
    if binding is not None and not link.is_called:
        located = _class_of_type(binding.type_text, place.file, index, steps - 1)
        if located is not None:
            return ClassValue(located)
        earlier = {name: one for name, one in place.bindings.items() if one is not binding}
        before = Place(place.file, place.class_name, earlier)
        return _evaluate(binding.value_text, before, index, steps - 1)
    return _name_value(link.name, place, index, steps)


def _class_of_type(type_text: str, file: FileFacts, index: Index, steps: int) -> Located | None:
    """Return the first class of the workspace that a type as written in a file names."""
    for name in type_names(type_text):
        located = _class_of_name(name, file, index, steps)
        if located is not None:
            return located
    return None


def _class_of_name(name: str, file: FileFacts, index: Index, steps: int) -> Located | None:
    """Return the class that a plain or dotted name means in a file."""
    if steps <= 0:
        return None
    links = tuple(Link(part, is_called=False) for part in re.split(r"\.|::", name))
    place = Place(file, "", {})
    value, used = _module_path(links[:-1], place, index)
    if value is None:
        first, used = _name_value(links[0].name, place, index, steps - 1), 1
    else:
        first = value
    for link in links[used:]:
        first = _member(first, link, index, steps - 1) if first is not None else None
    return first.located if isinstance(first, ClassValue) else None


def _name_value(name: str, place: Place, index: Index, steps: int) -> Value | None:
    located = find_name(name, place.file, index)
    return _value_of(located, index, steps) if located is not None else None


def _member(value: Value, link: Link, index: Index, steps: int) -> Value | None:
    if isinstance(value, ModuleValue):
        for file in value.files:
            located = find_name(link.name, file, index)
            if located is not None:
                return _value_of(located, index, steps)
        return None
    for member in members(value.located, index):
        if member.definition.name == link.name:
            return _value_of(member, index, steps, value.located)
    return None


def _value_of(
    located: Located, index: Index, steps: int, of_class: Located | None = None
) -> Value | None:
    """Return what a definition stands for: itself, its type, or what it was given."""
    definition = located.definition
    if definition.holds_members:
        return ClassValue(located)
    if of_class is not None and definition.kind is DefinitionKind.CONSTRUCTOR:
        return ClassValue(of_class)
    if of_class is not None and _is_own_type(definition, of_class):
        return ClassValue(of_class)
    if definition.type_text:
        found = _class_of_type(definition.type_text, located.file, index, steps - 1)
        return ClassValue(found) if found is not None else None
    if not definition.value_text or steps <= 0:
        return None
    place = Place(located.file, definition.owner, {})
    return _evaluate(definition.value_text, place, index, steps - 1)


def _is_own_type(definition: Definition, of_class: Located) -> bool:
    """Whether a member is of its own class: `-> Self`, or a variant of an enum."""
    if of_class.definition.kind is DefinitionKind.ENUM and not definition.type_text:
        return definition.kind is DefinitionKind.FIELD
    return any(name in ("Self", "this") for name in type_names(definition.type_text))


def _own_members(located: Located, index: Index) -> tuple[Located, ...]:
    name = located.definition.name
    own = [Located(located.file, one) for one in located.file.members_of(name)]
    resolver = load_resolver(located.file.language)
    if resolver.members_elsewhere:
        for facts in index.implicit_files(name, located.file):
            own += [Located(facts, one) for one in facts.members_of(name)]
    return tuple(own)


def _bases(located: Located, index: Index, depth: int) -> list[Located]:
    if depth == 0:
        return []
    found: list[Located] = []
    for name in type_names(located.definition.bases):
        base = _class_of_name(name, located.file, index, MAX_STEPS)
        if base is not None and base != located:
            found += [base, *_bases(base, index, depth - 1)]
    return found
