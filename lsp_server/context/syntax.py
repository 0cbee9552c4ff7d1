"""Parsed texts.  Broken code is the normal input: every text has a tree, maybe with errors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Parser, QueryCursor, Tree

from lsp_server.context.grammars import load_grammar, load_query
from lsp_server.context.languages.registry import LanguageFacts
from lsp_server.context.source import SourceText

Captures = dict[str, list[Node]]

#: More tokens than this in a row that belong to nothing are no program.  A search compares each
#: of them with all that follow, and nothing stops it: with a callback for that, py-tree-sitter
#: 0.26.1 ends the process.
_MAX_LOOSE_TOKENS = 2_000
_MAX_ERROR_DEPTH = 32


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A text and its tree; the tree is never edited in place.

    Attributes:
        source: The text.
        tree: Its syntax tree, in bytes of `source.data`.
        language: What it was parsed as.
    """

    source: SourceText
    tree: Tree
    language: LanguageFacts

    @property
    def has_error(self) -> bool:
        """Whether anything in the text could not be parsed."""
        return self.tree.root_node.has_error


def parse(text: str, language: LanguageFacts) -> ParsedText:
    """Parse a text from nothing."""
    source = SourceText.of(text)
    return ParsedText(source, Parser(load_grammar(language)).parse(source.data), language)


def reparse(before: ParsedText, text: str) -> ParsedText:
    """Parse a text that is nearly the one in `before`; costs by what changed."""
    if text == before.source.text:
        return before
    source = SourceText.of(text)
    tree = before.tree.copy()
    _mark_edit(tree, before.source, source)
    parser = Parser(load_grammar(before.language))
    return ParsedText(source, parser.parse(source.data, tree), before.language)


def matches(
    parsed: ParsedText, query: str, byte_range: tuple[int, int] | None = None
) -> Iterator[tuple[int, Captures]]:
    """Yield (index of the pattern, captures) of every match of a named query.

    A text that is no program, such as thousands of open brackets, has none: the time would grow
    with the square of its length.

    Args:
        parsed: What to search.
        query: See `grammars.load_query`.
        byte_range: Only matches that touch these bytes.
    """
    cursor = QueryCursor(load_query(parsed.language, query))
    if byte_range is not None:
        cursor.set_byte_range(*byte_range)
    if not _is_tangle(parsed.tree.root_node):
        yield from cursor.matches(parsed.tree.root_node)


def captures_in_rows(parsed: ParsedText, query: str, first_row: int, end_row: int) -> Captures:
    """Return what a named query captures in rows `[first_row, end_row)`, in no order.

    A text that is no program has nothing, as in `matches`.
    """
    cursor = QueryCursor(load_query(parsed.language, query))
    cursor.set_point_range((first_row, 0), (end_row, 0))
    if _is_tangle(parsed.tree.root_node):
        return {}
    return cursor.captures(parsed.tree.root_node)


def _is_tangle(node: Node, depth: int = 0) -> bool:
    """Return whether a tree holds a long run of tokens that belong to nothing."""
    if not node.has_error or depth > _MAX_ERROR_DEPTH:
        return False
    if node.child_count > _MAX_LOOSE_TOKENS:
        return node.is_error
    return any(_is_tangle(child, depth + 1) for child in node.children)


class DocumentTrees:
    """The trees of the documents that were edited last, within bounds.

    A tree takes some thirty times the memory of its text.
    """

    def __init__(self, max_documents: int = 16, max_chars: int = 1_000_000) -> None:
        """Start with none.

        Args:
            max_documents: How many trees are held at most.
            max_chars: The same for the length of their texts together; one is always held.
        """
        self._max_documents = max_documents
        self._max_chars = max_chars
        self._parsed: OrderedDict[str, ParsedText] = OrderedDict()

    def parse(self, key: str, text: str, language: LanguageFacts) -> ParsedText:
        """Parse a document's text, incrementally if its key was seen not long ago."""
        before = self._parsed.pop(key, None)
        if before is None or before.language is not language:
            parsed = parse(text, language)
        else:
            parsed = reparse(before, text)
        self._parsed[key] = parsed
        while len(self._parsed) > 1 and self._is_too_much():
            self._parsed.popitem(last=False)
        return parsed

    def _is_too_much(self) -> bool:
        num_chars = sum(len(one.source.text) for one in self._parsed.values())
        return len(self._parsed) > self._max_documents or num_chars > self._max_chars

    def forget(self, key: str) -> None:
        """Drop a document's tree."""
        self._parsed.pop(key, None)

    def __len__(self) -> int:
        """Return how many trees are held."""
        return len(self._parsed)


def _mark_edit(tree: Tree, old: SourceText, new: SourceText) -> None:
    """Tell a tree which bytes changed: everything between the equal ends of both texts."""
    start = _num_equal(old.data, new.data)
    longest_end = min(len(old.data), len(new.data)) - start
    end = _num_equal_from_end(old.data, new.data, longest_end)
    old_end, new_end = len(old.data) - end, len(new.data) - end
    tree.edit(
        start_byte=start,
        old_end_byte=old_end,
        new_end_byte=new_end,
        start_point=old.point_of(start),
        old_end_point=old.point_of(old_end),
        new_end_point=new.point_of(new_end),
    )


def _num_equal(left: bytes, right: bytes) -> int:
    """Count equal bytes at the beginning, by bisection of comparisons in C."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _num_equal_from_end(left: bytes, right: bytes, limit: int) -> int:
    """Count equal bytes at the end, at most `limit`."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        left_part = left[len(left) - middle : len(left) - low]
        if left_part == right[len(right) - middle : len(right) - low]:
            low = middle
        else:
            high = middle - 1
    return low
