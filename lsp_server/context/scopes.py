"""Where a cursor stands: the definitions around it, and which names have which types there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from lsp_server.context.definitions import DefinitionKind, Found
from lsp_server.context.syntax import ParsedText, matches

_NO_SCOPES = frozenset({DefinitionKind.FIELD, DefinitionKind.ATTRIBUTE, DefinitionKind.CONSTANT})


@dataclass(frozen=True, slots=True)
class Scope:
    """One definition around a cursor.

    Attributes:
        name: Its name.
        kind: What it is.
        start_byte: Where it begins.
        end_byte: Where it ends.
        header_row: The row of its header's first line, from 0.
        parent: The type that it is a method of, where the language names that in the header.
    """

    name: str
    kind: DefinitionKind
    start_byte: int
    end_byte: int
    header_row: int
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """A local name and what is known of its type.

    Attributes:
        name: The name.
        type_text: Its type as written, or empty.
        value_text: The expression that it was given, or empty.
        start_byte: Where it is bound.
    """

    name: str
    type_text: str
    value_text: str
    start_byte: int


def scopes_of(parsed: ParsedText, found_all: Sequence[Found]) -> tuple[Scope, ...]:
    """Return everything that can be around a cursor, in the order of the text."""
    return tuple(
        Scope(
            name=_text(found.name),
            kind=found.kind,
            start_byte=found.node.start_byte,
            end_byte=found.node.end_byte,
            header_row=parsed.source.row_of(found.node.start_byte),
            parent="".join(_text(node) for node in found.captures.get("parent", [])),
        )
        for found in found_all
        if found.kind not in _NO_SCOPES
    )


def enclosing_scopes(parsed: ParsedText, scopes: tuple[Scope, ...], byte: int) -> tuple[Scope, ...]:
    """Return the definitions around a byte, outermost first.

    A cursor on an indented row after the last statement of a body still belongs to it, as the
    next statement will: Python's grammar ends a body with its last statement.
    """
    around = [scope for scope in scopes if scope.start_byte < byte <= _reach(parsed, scope, byte)]
    return tuple(around)


def find_bindings(parsed: ParsedText, start_byte: int, end_byte: int) -> tuple[Binding, ...]:
    """Return the names between two bytes whose type or value is written down, in order."""
    found: dict[int, Binding] = {}
    for _, captures in matches(parsed, "scopes", (start_byte, end_byte)):
        name = captures["name"][0]
        binding = Binding(
            name=_text(name),
            type_text="".join(_text(node) for node in captures.get("type", [])).lstrip(": "),
            value_text="".join(_text(node) for node in captures.get("value", [])),
            start_byte=name.start_byte,
        )
        known = found.get(name.start_byte)
        if known is None or (binding.type_text and not known.type_text):
            found[name.start_byte] = binding
    return tuple(found[start] for start in sorted(found))


def visible_bindings(
    bindings: tuple[Binding, ...], scopes: tuple[Scope, ...], around: tuple[Scope, ...], byte: int
) -> dict[str, Binding]:
    """Return which bindings hold at a byte, the nearest before it for each name.

    Args:
        bindings: All bindings of the text.
        scopes: All scopes of the text.
        around: The scopes around the byte, outermost first.
        byte: Where names are looked up.
    """
    visible: dict[str, Binding] = {}
    open_scopes: list[Scope] = []
    waiting = list(reversed(scopes))
    for binding in bindings:
        if binding.start_byte >= byte:
            break
        while waiting and waiting[-1].start_byte < binding.start_byte:
            open_scopes.append(waiting.pop())
        open_scopes = [scope for scope in open_scopes if scope.end_byte > binding.start_byte]
        if all(scope in around for scope in open_scopes):
            visible[binding.name] = binding
    return visible


def _reach(parsed: ParsedText, scope: Scope, byte: int) -> int:
    """Return the last byte that belongs to a scope, blank and deeper rows after it included."""
    if byte <= scope.end_byte:
        return scope.end_byte
    data = parsed.source.data
    between = data[scope.end_byte : byte]
    if between.strip():
        return scope.end_byte
    if not parsed.language.indented_blocks:
        return scope.end_byte
    row = parsed.source.row_of(byte)
    column = byte - parsed.source.row_start(row)
    scope_column = scope.start_byte - parsed.source.row_start(scope.header_row)
    return byte if column > scope_column else scope.end_byte


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")
