"""What a text imports, one value per name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from lsp_server.context.grammars import load_query
from lsp_server.context.languages.resolver import Imported, load_resolver
from lsp_server.context.syntax import Captures, ParsedText, matches


@dataclass(frozen=True, slots=True)
class Import:
    """One name that an import binds.

    Attributes:
        module: Where it comes from, as the language writes it.
        name: The name there, or `None` for the module itself.
        alias: The name here; empty when all names of the module are bound.
        row: The row where it stands, from 0.
    """

    module: str
    name: str | None
    alias: str
    row: int

    @property
    def is_wildcard(self) -> bool:
        """Whether every name of the module is bound."""
        return not self.alias


def find_imports(parsed: ParsedText) -> tuple[Import, ...]:
    """Return a text's imports in its own order, re-exports included."""
    found = {
        (start, one.alias): Import(one.module, one.name, one.alias, row)
        for start, row, one in _find(parsed)
    }
    return tuple(one for _, one in sorted(found.items(), key=lambda item: item[0]))


def _find(parsed: ParsedText) -> Iterator[tuple[int, int, Imported]]:
    resolver = load_resolver(parsed.language)
    query = load_query(parsed.language, "imports")
    for pattern, captures in matches(parsed, "imports"):
        first = min((nodes[0] for nodes in captures.values()), key=lambda node: node.start_byte)
        row = parsed.source.row_of(first.start_byte)
        if "tree" in captures:
            expanded = resolver.expand(_text(captures["tree"][0]))
        elif "child" in captures:
            expanded = (resolver.child(_text(captures["child"][0])),)
        else:
            settings = query.pattern_settings(pattern)
            expanded = (_imported(captures, settings.get("name")),)
        for one in expanded:
            alias = one.alias or (
                "" if one.is_wildcard else one.name or resolver.bound_name(one.module)
            )
            yield first.start_byte, row, Imported(one.module, one.name, alias)


def _imported(captures: Captures, fixed_name: str | None) -> Imported:
    module = _text(captures["module"][0])
    names = captures.get("name")
    aliases = captures.get("alias")
    return Imported(
        module,
        _text(names[0]) if names else fixed_name,
        _text(aliases[0]) if aliases else "",
        is_wildcard="wildcard" in captures,
    )


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")
