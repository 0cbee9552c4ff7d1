"""Where the cursor stands, read from the document alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lsp_server.context.brackets import missing_closers
from lsp_server.context.definitions import HOLDS_MEMBERS, find
from lsp_server.context.expressions import Receiver, receiver_before
from lsp_server.context.index import FileFacts, facts_of
from lsp_server.context.languages.registry import LanguageFacts
from lsp_server.context.query import ContextQuery
from lsp_server.context.scopes import (
    Binding,
    Scope,
    enclosing_scopes,
    find_bindings,
    scopes_of,
    visible_bindings,
)
from lsp_server.context.syntax import DocumentTrees, ParsedText, captures_in_rows, reparse

#: Rows around the cursor in which names count as near.
ROWS_BEFORE = 60
ROWS_AFTER = 20

#: Outside of functions, names that are bound this many rows above count.
ROWS_ABOVE_AT_TOP = 200

#: Names in the header of the function around the cursor count as if they stood this near.
HEADER_DISTANCE = 2

_PLACEHOLDER = "bantam"


@dataclass(frozen=True, slots=True)
class NearName:
    """A name near the cursor.

    Attributes:
        name: The name.
        distance: Rows between it and the cursor.
    """

    name: str
    distance: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a cursor before any other file is read.

    Attributes:
        file: What the document defines and imports.
        row: The cursor's row, from 0.
        receiver: What a member is being asked of, if one is.
        scopes: Definitions around the cursor, outermost first.
        bindings: Local names with types.
        names: Names near the cursor, nearest first.
        window: The text that the prompt shows of the document.
        window_rows: First and last row of it.
    """

    file: FileFacts
    row: int
    receiver: Receiver | None
    scopes: tuple[Scope, ...]
    bindings: dict[str, Binding]
    names: tuple[NearName, ...]
    window: str
    window_rows: tuple[int, int]

    @property
    def class_name(self) -> str:
        """The class whose method the cursor is in, or an empty text."""
        for scope in reversed(self.scopes):
            if scope.parent:
                return scope.parent
            if scope.kind in HOLDS_MEMBERS:
                return scope.name
        return ""


def read_situation(
    query: ContextQuery, path: Path, language: LanguageFacts, trees: DocumentTrees
) -> Situation:
    """Parse the document and say where the cursor stands."""
    row_start = query.text.rfind("\n", 0, query.cursor) + 1
    head = query.text[row_start : query.cursor]
    receiver = receiver_before(head, language.member_access)
    text = _repaired(query, head, receiver, language)
    parsed = _parsed(query, str(path), text, language, trees)
    byte = parsed.source.byte_of(query.cursor)
    row = parsed.source.row_of(byte)
    found = find(parsed)
    scopes = scopes_of(parsed, found)
    around = enclosing_scopes(parsed, scopes, byte)
    start, end = query.window or (0, len(query.text))
    first_row = query.text.count("\n", 0, start)
    return Situation(
        file=facts_of(path, parsed, found),
        row=row,
        receiver=receiver,
        scopes=around,
        bindings=visible_bindings(_bindings(parsed, around, byte), scopes, around, byte),
        names=_near_names(parsed, byte, row, around),
        window=query.text[start:end],
        window_rows=(first_row, first_row + query.text.count("\n", start, end)),
    )


def _parsed(
    query: ContextQuery, key: str, text: str, language: LanguageFacts, trees: DocumentTrees
) -> ParsedText:
    """Parse by what changed since the caller parsed it, or since the last time here.

    A tree takes many times the memory of its text, so none is kept that the caller has.
    """
    if query.syntax is None or query.syntax.language is not language:
        return trees.parse(key, text, language)
    trees.forget(key)
    return reparse(query.syntax, text)


def _repaired(
    query: ContextQuery, head: str, receiver: Receiver | None, language: LanguageFacts
) -> str:
    """Finish the cursor's row as far as it takes to parse the rest of the document well."""
    if receiver is None:
        return query.text
    row_end = query.text.find("\n", query.cursor)
    tail = query.text[query.cursor : row_end if row_end >= 0 else len(query.text)]
    name = "" if receiver.partial or tail[:1].isidentifier() else _PLACEHOLDER
    closers = missing_closers(head + name + tail, language.line_comment)
    after_tail = query.cursor + len(tail)
    return query.text[: query.cursor] + name + tail.rstrip("\r") + closers + query.text[after_tail:]


def _bindings(parsed: ParsedText, around: tuple[Scope, ...], byte: int) -> tuple[Binding, ...]:
    """Return what is bound in the functions around the cursor, or above it outside of any."""
    functions = [scope for scope in around if scope.kind not in HOLDS_MEMBERS]
    first_row = max(0, parsed.source.row_of(byte) - ROWS_ABOVE_AT_TOP)
    start = functions[0].start_byte if functions else parsed.source.row_start(first_row)
    return find_bindings(parsed, start, byte)


def _near_names(
    parsed: ParsedText, byte: int, row: int, around: tuple[Scope, ...]
) -> tuple[NearName, ...]:
    first_row, end_row = max(0, row - ROWS_BEFORE), row + ROWS_AFTER + 1
    nodes = captures_in_rows(parsed, "identifiers", first_row, end_row).get("identifier", [])
    header_rows = {scope.header_row for scope in around}
    distances: dict[str, int] = {}
    for node in sorted(nodes, key=lambda node: node.start_byte):
        if node.start_byte <= byte <= node.end_byte:
            continue
        name_row = parsed.source.row_of(node.start_byte)
        distance = abs(name_row - row)
        if name_row in header_rows:
            distance = min(distance, HEADER_DISTANCE)
        name = (node.text or b"").decode("utf-8", errors="replace")
        distances[name] = min(distance, distances.get(name, distance))
    ordered = sorted(distances.items(), key=lambda item: item[1])
    return tuple(NearName(name, distance) for name, distance in ordered)
