"""Which definitions could help at the cursor; nothing is chosen here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.context.deadline import Deadline
from lsp_server.context.definitions import Definition, DefinitionKind
from lsp_server.context.index import FileFacts, Index
from lsp_server.context.names import Located, find_name, imported_files
from lsp_server.context.query import Candidate, Source
from lsp_server.context.situation import Situation
from lsp_server.context.values import (
    ClassValue,
    ModuleValue,
    Place,
    evaluate,
    members,
)

#: Rows after which a name counts half.
HALF_DISTANCE_ROWS = 6

#: A name that is not imported is looked up in the whole workspace if it is this long and made
#: of several words or begins with a capital: `put_goods`, `openStore`, `Store`.
MIN_GLOBAL_CHARS = 5
_DISTINCTIVE = re.compile(r"[a-z0-9](?:_+[a-z]|[A-Z])|^[A-Z]")

#: A name that more files define says nothing without an import.
MAX_GLOBAL_FILES = 3

#: How much of its closeness a name keeps whose file was found by the name alone.
NEAR_FILE_SHARE = 0.7
FAR_FILE_SHARE = 0.3

#: Members of base classes come after a class's own.
INHERITED_CLOSENESS = 0.8

#: How much of a class's closeness its fields have when it is made from them.
FIELD_SHARE = 0.5

#: A header shorter than this may stand in the window by chance.
MIN_WINDOW_CHARS = 12


def collect(situation: Situation, index: Index, deadline: Deadline) -> tuple[Candidate, ...]:
    """Return candidates, each definition once and for its best reason, in a fixed order.

    Reasons come in the order of their weight, so a deadline costs the weakest ones first.
    """
    index.facts(situation.file.path)
    found: dict[tuple[str, int, str], Candidate] = {}
    for candidate in _candidates(situation, index, deadline):
        definition = candidate.definition
        if _is_shown(candidate, situation) or _repeats_header(definition):
            continue
        key = (str(candidate.file.path), definition.start_row, definition.name)
        found.setdefault(key, candidate)
    return tuple(found.values())


def _candidates(situation: Situation, index: Index, deadline: Deadline) -> Iterator[Candidate]:
    steps = (_of_receiver, _of_names, _of_types_in_scope, _of_imported_files, _of_workspace)
    for step in steps:
        for candidate in step(situation, index, deadline):
            yield candidate
            if deadline.has_passed():
                return


def _of_receiver(situation: Situation, index: Index, _: Deadline) -> Iterator[Candidate]:
    """D2: what can stand after the dot."""
    if situation.receiver is None:
        return
    value = evaluate(situation.receiver.text, _place(situation), index)
    if isinstance(value, ClassValue):
        yield _candidate(value.located, Source.RECEIVER, 1.0)
        for member in members(value.located, index):
            is_own = member.definition.owner == value.located.definition.name
            yield _candidate(member, Source.RECEIVER, 1.0 if is_own else INHERITED_CLOSENESS)
    if isinstance(value, ModuleValue):
        for file in value.files:
            for definition in _outermost(file):
                yield Candidate(file, definition, Source.RECEIVER, 1.0)


def _of_names(situation: Situation, index: Index, deadline: Deadline) -> Iterator[Candidate]:
    """D1: what the names near the cursor mean, and how their classes are made."""
    for near in situation.names:
        if deadline.has_passed():
            return
        located = find_name(near.name, situation.file, index)
        if located is None:
            continue
        closeness = _closeness(near.distance)
        yield _candidate(located, Source.SEEN, closeness)
        yield from _making_of(located, closeness)


def _making_of(located: Located, closeness: float) -> Iterator[Candidate]:
    """Say how an object of a class is made: by its constructor, or from its fields."""
    own = located.file.members_of(located.definition.name)
    constructors = [one for one in own if is_constructor(located.file, one)]
    for member in constructors:
        yield Candidate(located.file, member, Source.SEEN, closeness)
    if not constructors:
        for member in own:
            if member.kind is DefinitionKind.FIELD:
                yield Candidate(located.file, member, Source.SEEN, closeness * FIELD_SHARE)


def _of_types_in_scope(
    situation: Situation, index: Index, deadline: Deadline
) -> Iterator[Candidate]:
    """D2: members of what the local names hold and of the classes named near the cursor."""
    distances = {near.name: near.distance for near in situation.names}
    place = _place(situation)
    own_names = [name for name in situation.file.language.self_names if situation.class_name]
    nearby = [near.name for near in situation.names]
    for name in dict.fromkeys([*own_names[:1], *nearby]):
        if deadline.has_passed():
            return
        value = evaluate(name, place, index)
        if not isinstance(value, ClassValue):
            continue
        for member in members(value.located, index):
            distance = distances.get(member.definition.name)
            if distance is None:
                closeness = _closeness(distances.get(name, 0))
                yield _candidate(member, Source.REACHABLE, closeness)
            else:
                yield _candidate(member, Source.SEEN, _closeness(distance))


def _of_imported_files(
    situation: Situation, index: Index, deadline: Deadline
) -> Iterator[Candidate]:
    """D3: outlines of the files that are imported, in the order of the imports."""
    distances = {near.name: near.distance for near in situation.names}
    for one in situation.file.imports:
        if deadline.has_passed():
            return
        closeness = _closeness(distances.get(one.alias, 60))
        for file in imported_files(one, situation.file, index):
            for definition in _outermost(file):
                yield Candidate(file, definition, Source.OUTLINE, closeness)


def _of_workspace(situation: Situation, index: Index, deadline: Deadline) -> Iterator[Candidate]:
    """D1: names that no import explains and few files define, members of classes included.

    A name of the files near by, imported or in the same folder, counts more than one of the
    rest of the workspace, where only names that say enough by themselves count at all.
    """
    here = situation.file
    index.advance(here.language.family, deadline)
    near_files = {file.path for one in here.imports for file in imported_files(one, here, index)}
    for near in situation.names:
        # The document itself may be among them, and counts as none.
        files = [
            file
            for file in index.defining(near.name, MAX_GLOBAL_FILES + 1)
            if file.path != here.path and file.language.family == here.language.family
        ]
        if len(files) > MAX_GLOBAL_FILES:
            continue
        for file in files:
            is_near = file.path in near_files or file.path.parent == here.path.parent
            if not is_near and (len(files) > 1 or not _says_enough(near.name)):
                continue
            share = NEAR_FILE_SHARE if is_near else FAR_FILE_SHARE
            for definition in file.all_named(near.name):
                yield Candidate(file, definition, Source.SEEN, _closeness(near.distance) * share)


def _says_enough(name: str) -> bool:
    return len(name) >= MIN_GLOBAL_CHARS and _DISTINCTIVE.search(name) is not None


def is_constructor(file: FileFacts, definition: Definition) -> bool:
    """Whether calling a class calls this."""
    return (
        definition.kind is DefinitionKind.CONSTRUCTOR
        or definition.name in file.language.constructors
    )


def _place(situation: Situation) -> Place:
    return Place(situation.file, situation.class_name, situation.bindings)


def _outermost(file: FileFacts) -> Iterator[Definition]:
    return (one for one in file.definitions if not one.owners)


def _candidate(located: Located, source: Source, closeness: float) -> Candidate:
    return Candidate(located.file, located.definition, source, closeness)


def _closeness(distance: int) -> float:
    return 1.0 / (1.0 + distance / HALF_DISTANCE_ROWS)


def _is_shown(candidate: Candidate, situation: Situation) -> bool:
    """Whether the prompt's window of the document already holds a header."""
    definition = candidate.definition
    if candidate.file.path == situation.file.path:
        first, last = situation.window_rows
        return first <= definition.start_row and definition.end_row <= last
    header = definition.header.strip()
    return len(header) >= MIN_WINDOW_CHARS and header in situation.window


def _repeats_header(definition: Definition) -> bool:
    """Whether another header holds it: a property that is declared as a parameter."""
    return definition.is_inline and definition.kind is DefinitionKind.ATTRIBUTE
