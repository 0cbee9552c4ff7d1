"""What a text defines: names with their headers, without bodies.

A header is what stands from the beginning of the definition's line to the end of parameters and
return type; for a class its line alone, as members are definitions of their own.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from lsp_server.context.source import SourceText
from lsp_server.context.syntax import Captures, ParsedText, matches

#: A header longer than this is cut at the end of a row.
MAX_HEADER_CHARS = 600

_PREFIX = "definition."
_TYPE_FIELDS = ("return_type", "result", "type")


class DefinitionKind(enum.Enum):
    """What is defined; the value is the capture's name in `definitions.scm`."""

    CLASS = "class"
    INTERFACE = "interface"
    ENUM = "enum"
    #: Members that are added to a type elsewhere, as `impl` does in Rust.
    EXTENSION = "extension"
    TYPE = "type"
    FUNCTION = "function"
    CONSTRUCTOR = "constructor"
    CONSTANT = "constant"
    FIELD = "field"
    #: A field that is made within a constructor; it belongs to the class around that.
    ATTRIBUTE = "attribute"


_HAS_TYPE = frozenset(
    {
        DefinitionKind.FUNCTION,
        DefinitionKind.FIELD,
        DefinitionKind.ATTRIBUTE,
        DefinitionKind.CONSTANT,
    }
)

_SHOWN_BY_FIRST_ROW = frozenset(
    {DefinitionKind.FIELD, DefinitionKind.ATTRIBUTE, DefinitionKind.CONSTANT}
)

#: What members are defined in.
HOLDS_MEMBERS = frozenset(
    {
        DefinitionKind.CLASS,
        DefinitionKind.INTERFACE,
        DefinitionKind.ENUM,
        DefinitionKind.EXTENSION,
    }
)


@dataclass(frozen=True, slots=True)
class Definition:
    """One name that a text defines.

    Attributes:
        name: The name.
        kind: What it is.
        owners: Names of the definitions around it, outermost first.
        header: Whole rows of source, indentation kept, no carriage returns.
        start_row: Row of the header's first line, from 0.
        end_row: Row of the header's last line, from 0.
        end_body_row: Row where the whole definition ends, from 0.
        is_inline: Whether it stands within the header, or on the row, of another definition.
        type_text: Type of a field or constant, or return type, as written; else empty.
        value_text: The expression that a field or constant was given; else empty.
        bases: What a class derives from, as written; else empty.
    """

    name: str
    kind: DefinitionKind
    owners: tuple[str, ...]
    header: str
    start_row: int
    end_row: int
    end_body_row: int
    is_inline: bool = False
    type_text: str = ""
    value_text: str = ""
    bases: str = ""

    @property
    def owner(self) -> str:
        """The name of the definition right around it, or an empty text."""
        return self.owners[-1] if self.owners else ""

    @property
    def holds_members(self) -> bool:
        """Whether other definitions can be members of this one."""
        return self.kind in HOLDS_MEMBERS


@dataclass(frozen=True, slots=True)
class Found:
    """A definition as the query finds it, before anything is made of it."""

    node: Node
    name: Node
    kind: DefinitionKind
    captures: Captures


def find(parsed: ParsedText) -> list[Found]:
    """Return all definitions, locals included, one per name, in the order of the text.

    Several patterns may match one name; the one that captures most wins, then the first.
    """
    found: dict[int, Found] = {}
    for _, captures in sorted(matches(parsed, "definitions"), key=lambda match: match[0]):
        capture = next(name for name in captures if name.startswith(_PREFIX))
        node, name = captures[capture][0], captures["name"][0]
        known = found.get(name.start_byte)
        if known is None or len(captures) > len(known.captures):
            kind = DefinitionKind(capture.removeprefix(_PREFIX))
            found[name.start_byte] = Found(node, name, kind, captures)
    return sorted(found.values(), key=lambda one: (one.node.start_byte, -one.node.end_byte))


def definitions_of(parsed: ParsedText, found_all: Sequence[Found]) -> tuple[Definition, ...]:
    """Return what other files can name, in the order of the text; no locals of functions."""
    definitions: list[Definition] = []
    enclosing: list[tuple[int, DefinitionKind, str]] = []
    seen_attributes: set[tuple[str, ...]] = set()
    for found in found_all:
        while enclosing and enclosing[-1][0] <= found.node.start_byte:
            enclosing.pop()
        around = list(enclosing)
        name = _text(found.name)
        enclosing.append((found.node.end_byte, found.kind, name))
        if found.kind is DefinitionKind.ATTRIBUTE:
            while around and around[-1][1] not in HOLDS_MEMBERS:
                around.pop()
        if any(kind not in HOLDS_MEMBERS for _, kind, _ in around):
            continue
        owners = (*(owner for _, _, owner in around), *_texts(found.captures, "parent"))
        if found.kind in (DefinitionKind.ATTRIBUTE, DefinitionKind.FIELD):
            if (*owners, name) in seen_attributes:
                continue
            seen_attributes.add((*owners, name))
        one = _definition(parsed.source, found, name, owners)
        last = definitions[-1] if definitions else None
        if last is not None and last.end_row >= one.start_row and not last.holds_members:
            one = replace(one, is_inline=True)
        definitions.append(one)
    return tuple(definitions)


def _definition(source: SourceText, found: Found, name: str, owners: tuple[str, ...]) -> Definition:
    start_row = source.row_of(found.node.start_byte)
    line_head = source.slice(source.row_start(start_row), found.node.start_byte)
    is_inline = any(bracket in line_head for bracket in "{(;,")
    if is_inline:
        line_head = line_head[: len(line_head) - len(line_head.lstrip())]
    text = source.slice(found.node.start_byte, _header_end(found))
    header = _trimmed_header(line_head + text, found.kind)
    return Definition(
        name=name,
        kind=found.kind,
        owners=owners,
        header=header,
        start_row=start_row,
        end_row=start_row + header.count("\n"),
        end_body_row=source.row_of(max(found.node.start_byte, found.node.end_byte - 1)),
        is_inline=is_inline,
        type_text=_type_text(found),
        value_text="".join(_texts(found.captures, "value"))[:MAX_HEADER_CHARS],
        bases=" ".join(_texts(found.captures, "bases")),
    )


def _header_end(found: Found) -> int:
    body = found.captures.get("body", [None])[0] or found.node.child_by_field_name("body")
    if body is None or found.kind in _SHOWN_BY_FIRST_ROW:
        return found.node.end_byte
    comments = [child.start_byte for child in found.node.children if child.is_extra]
    return min([body.start_byte, *(byte for byte in comments if byte > found.name.end_byte)])


def _trimmed_header(raw: str, kind: DefinitionKind) -> str:
    """Cut a header that is too long, and the bracket that opens its body."""
    header = raw.replace("\r\n", "\n").rstrip().removesuffix("{").rstrip()
    if kind in _SHOWN_BY_FIRST_ROW:
        header = header.partition("\n")[0]
    if len(header) > MAX_HEADER_CHARS:
        header = header[:MAX_HEADER_CHARS].rpartition("\n")[0] or header[:MAX_HEADER_CHARS]
    return header.rstrip()


def _type_text(found: Found) -> str:
    if found.kind not in _HAS_TYPE:
        return ""
    node = found.captures.get("type", [None])[0]
    for field in _TYPE_FIELDS:
        node = node or found.node.child_by_field_name(field)
    node = node or _parameter_type(found)
    return _text(node).lstrip(": ->") if node is not None else ""


def _parameter_type(found: Found) -> Node | None:
    """Return the type of the parameter that an attribute is given, as in `self.x = x`."""
    if found.kind is not DefinitionKind.ATTRIBUTE or "value" not in found.captures:
        return None
    value = _text(found.captures["value"][0])
    around = found.node.parent
    while around is not None and around.child_by_field_name("parameters") is None:
        around = around.parent
    parameters = around and around.child_by_field_name("parameters")
    for parameter in parameters.named_children if parameters else ():
        typed = parameter.child_by_field_name("type")
        if typed is not None and parameter.named_children[0].text == value.encode():
            return typed
    return None


def _texts(captures: Captures, name: str) -> list[str]:
    return [_text(node) for node in captures.get(name, [])]


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")
