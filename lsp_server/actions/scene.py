"""The document of a query, parsed, and the definition in which its selection stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from tree_sitter import Node

from lsp_server.actions.indentation import indentation_unit, leading_blanks
from lsp_server.actions.languages import ActionLanguage, action_language
from lsp_server.actions.line_endings import PlainText
from lsp_server.actions.values import ActionQuery, Diagnostic, EditResult
from lsp_server.context.definitions import DefinitionKind, Found, find
from lsp_server.context.languages.registry import language_of_id
from lsp_server.context.syntax import ParsedText, parse

#: A longer document takes too long to parse while a menu waits.
MAX_PARSED_CHARS = 300_000
_DEFAULT_INDENTATION = "    "
_WITH_BODY = frozenset(
    {
        DefinitionKind.CLASS,
        DefinitionKind.INTERFACE,
        DefinitionKind.ENUM,
        DefinitionKind.EXTENSION,
        DefinitionKind.FUNCTION,
        DefinitionKind.CONSTRUCTOR,
    }
)


@dataclass(frozen=True, slots=True)
class Scene:
    r"""What every action looks at.  Offsets are those of `text`.

    Attributes:
        query: What was asked.
        plain: The document with `\n` line endings, and the way back.
        start: Where the selection begins.
        end: Where it ends.
        parsed: The text's tree; `None` for a language without a grammar and for a long text.
        language: What actions know of the language.
        found: All definitions of the text.
    """

    query: ActionQuery
    plain: PlainText
    start: int
    end: int
    parsed: ParsedText | None
    language: ActionLanguage | None
    found: tuple[Found, ...] = field(repr=False)

    @classmethod
    def of(cls, query: ActionQuery) -> Scene:
        """Parse the document of a query."""
        plain = PlainText.of(query.text)
        facts = language_of_id(query.language)
        parsed = None
        if facts is not None and len(plain.text) <= MAX_PARSED_CHARS:
            parsed = parse(plain.text, facts)
        return cls(
            query=query,
            plain=plain,
            start=plain.offset_in_text(query.start),
            end=plain.offset_in_text(query.end),
            parsed=parsed,
            language=action_language(facts.folder) if facts is not None else None,
            found=tuple(find(parsed)) if parsed is not None else (),
        )

    @property
    def text(self) -> str:
        """The document as actions see it."""
        return self.plain.text

    @property
    def indentation_unit(self) -> str:
        """One level of indentation in the document."""
        default = self.language.indentation if self.language else _DEFAULT_INDENTATION
        return indentation_unit(self.text, default)

    @property
    def definition(self) -> Found | None:
        """The innermost definition with a body around the beginning of the selection."""
        if self.parsed is None:
            return None
        around = [one for one in self.found if one.kind in _WITH_BODY and self._is_around(one)]
        return min(around, key=lambda one: one.node.end_byte - one.node.start_byte, default=None)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong in the text, with offsets of the text."""
        return tuple(
            Diagnostic(
                self.plain.offset_in_text(one.start),
                self.plain.offset_in_text(one.end),
                one.message,
                one.key,
            )
            for one in self.query.diagnostics
        )

    def span(self, node: Node) -> tuple[int, int]:
        """Return where a node begins and ends."""
        assert self.parsed is not None, "nodes come from a tree"
        source = self.parsed.source
        return source.offset_of(node.start_byte), source.offset_of(node.end_byte)

    def row_start(self, offset: int) -> int:
        """Return where the row of an offset begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def row_end(self, offset: int) -> int:
        """Return where the row of an offset ends, before its line break."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indentation_at(self, offset: int) -> str:
        """Return what the row of an offset is indented with."""
        return leading_blanks(self.text[self.row_start(offset) : self.row_end(offset)])

    def edit(self, start: int, end: int, text: str) -> EditResult:
        """Return the edit of the document that replaces a range of the text."""
        return EditResult(
            self.plain.offset_in_document(start),
            self.plain.offset_in_document(end),
            self.plain.restored(text),
        )

    def _is_around(self, found: Found) -> bool:
        """Whether the selection begins on a row of a definition, or on a blank one of its body."""
        start, end = self.span(found.node)
        if self.row_start(start) <= self.start <= self.row_end(end):
            return True
        assert self.parsed is not None, "there are definitions"
        if not self.parsed.language.indented_blocks or self.start < end:
            return False
        is_blank = not self.text[end : self.row_end(self.start)].strip()
        column = self.start - self.row_start(self.start)
        return is_blank and column > len(self.indentation_at(start))


def name_of(found: Found) -> str:
    """Return the name of a definition."""
    return (found.name.text or b"").decode("utf-8", errors="replace")


def body_of(found: Found) -> Node | None:
    """Return the body of a definition."""
    captured = found.captures.get("body")
    return captured[0] if captured else found.node.child_by_field_name("body")
