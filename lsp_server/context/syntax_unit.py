"""Where a suggestion should end, and whether the text still parses with it.

All functions are pure: a parsed document and an offset in, an answer out.  Offsets are code
points.  Broken code is never made worse by guessing: without a clear answer a suggestion stays
as it is.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from lsp_server.context.brackets import missing_closers
from lsp_server.context.syntax import ParsedText, reparse


def is_block_opening(document: ParsedText, cursor: int) -> bool:
    """Whether the cursor stands where a block begins that has nothing in it yet.

    That is: the row up to the cursor, or the one above a blank row, opens a block, and the next
    row that is not blank is not indented deeper.  Never inside of a comment or a string, nor,
    where indentation makes blocks, inside of brackets.
    """
    text, language = document.source.text, document.language
    row_start = text.rfind("\n", 0, cursor) + 1
    head = text[row_start:cursor]
    row = head if head.strip() else _last_row(text[:row_start])
    opener = _without_comment(row, language.line_comment)
    if not re.search(language.block_row, opener) or _is_in_text(document, cursor):
        return False
    if language.indented_blocks and missing_closers(opener, language.line_comment):
        return False
    return _indentation(_next_row(text[cursor:])) <= _indentation(row)


def cut_at_syntactic_unit(document: ParsedText, cursor: int, suggestion: str) -> str:
    """Return the part of a suggestion that finishes what the cursor's row begins.

    The document is parsed with the suggestion in it, open brackets closed; the end of the
    largest node that begins on the cursor's row, or else where the suggestion begins, is the
    end, with what stands behind it on its row.  On the first, blank row of a block it is the
    end of the block.
    """
    if "\n" not in suggestion.strip():
        return suggestion
    text = document.source.text
    closers = missing_closers(suggestion, document.language.line_comment)
    after = reparse(document, text[:cursor] + suggestion + closers + text[cursor:])
    unit = _unit_at(after, cursor, _unit_starts(document, cursor, suggestion))
    if unit is None or unit.has_error:
        return suggestion
    end = after.source.offset_of(unit.end_byte) - cursor
    return suggestion[:end] + suggestion[end:].partition("\n")[0]


def breaks_parse(
    document: ParsedText, cursor: int, suggestion: str, replaced_chars: int = 0
) -> bool:
    """Whether a document that parses would not any more.

    A suggestion may end in the middle of a block: brackets that it leaves open are closed
    before the answer is found.

    Args:
        document: Before the suggestion is taken.
        cursor: Where it goes.
        suggestion: Its text.
        replaced_chars: How many characters right of the cursor it takes the place of.
    """
    if document.has_error:
        return False
    text = document.source.text
    tail = text[cursor + replaced_chars :]
    if not reparse(document, text[:cursor] + suggestion + tail).has_error:
        return False
    closers = missing_closers(suggestion, document.language.line_comment)
    finished = text[:cursor] + suggestion + closers + tail
    return not closers or reparse(document, finished).has_error


def _unit_starts(document: ParsedText, cursor: int, suggestion: str) -> list[int]:
    """Return the offsets where the unit may begin, the best one first."""
    text = document.source.text
    row_start = text.rfind("\n", 0, cursor) + 1
    head = text[row_start:cursor]
    starts = [cursor + len(suggestion) - len(suggestion.lstrip())]
    if head.strip():
        first = row_start + len(head) - len(head.lstrip())
        return [first, row_start + len(head.rstrip()) - 1, *starts]
    if is_block_opening(document, cursor):
        above = text[:row_start].rstrip()
        opener = _last_row(above)
        return [len(above) - len(opener.lstrip()), *starts]
    return starts


def _unit_at(after: ParsedText, cursor: int, starts: list[int]) -> Node | None:
    """Return the node whose end is the suggestion's: the first that reaches behind the cursor."""
    cursor_byte = after.source.byte_of(cursor)
    for start in starts:
        unit = _largest_node_from(after, after.source.byte_of(start))
        if unit is not None and unit.end_byte > cursor_byte:
            return unit
    return None


def _largest_node_from(after: ParsedText, byte: int) -> Node | None:
    """Return the largest node that begins on the row of the node at a byte.

    Comments belong to what follows them.
    """
    node = after.tree.root_node.descendant_for_byte_range(byte, byte + 1)
    while node is not None and _is_comment(node):
        node = node.next_sibling
    if node is None or node.parent is None:
        return None
    row = node.start_point.row
    while (parent := node.parent) is not None and parent.parent is not None:
        if parent.start_point.row != row or parent.type in after.language.sequences:
            break
        node = parent
    return node


def _is_in_text(document: ParsedText, cursor: int) -> bool:
    """Whether the character before the cursor belongs to a comment or a string."""
    byte = document.source.byte_of(cursor)
    node = document.tree.root_node.descendant_for_byte_range(max(0, byte - 1), byte)
    return node is not None and (_is_comment(node) or "string" in node.type)


def _is_comment(node: Node) -> bool:
    return "comment" in node.type


def _without_comment(row: str, line_comment: str) -> str:
    """Return a row without a comment at its end; a mark in quotes is none."""
    return re.sub(rf"\s{re.escape(line_comment)}[^\"']*$", "", row).rstrip()


def _last_row(text: str) -> str:
    """Return the last row of a text that is not blank."""
    return text.rstrip().rpartition("\n")[2]


def _next_row(text: str) -> str:
    """Return the first row after the one that a text begins in which is not blank."""
    rows = text.partition("\n")[2].split("\n")
    return next((row for row in rows if row.strip()), "")


def _indentation(row: str) -> int:
    return len(row.expandtabs()) - len(row.expandtabs().lstrip())
