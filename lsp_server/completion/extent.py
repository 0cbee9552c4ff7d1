"""How many lines to ask for: one, unless the place calls for a block.

Ghost text of several lines in the middle of a statement distracts; after a line that opens a
block, or on an empty line, it is what the person wants.
"""

from __future__ import annotations

from lsp_server.completion.closers import OPENER_OF, leading_closers
from lsp_server.completion.cursor import Cursor, indentation_of
from lsp_server.completion.layouts import layout_of
from lsp_server.context.syntax_unit import is_block_opening

_BRACKETS = tuple(OPENER_OF.values())


def num_lines_wanted(cursor: Cursor, max_lines: int) -> int:
    """Return how many lines the model may write at this cursor, at most `max_lines`."""
    if _is_in_comment(cursor) or _has_text_right(cursor):
        return 1
    if not cursor.line_prefix.strip():
        return max_lines
    return max_lines if _begins_block(cursor) and not _block_is_there(cursor) else 1


def opens_block(line: str, language: str) -> bool:
    """Return whether `line` ends with what begins a block or a bracket in `language`."""
    return line.rstrip().endswith((*layout_of(language).block_openers, *_BRACKETS))


def _begins_block(cursor: Cursor) -> bool:
    """Return whether the cursor's line, up to it, begins a block or a bracket.

    Where the document is parsed, a line only begins a block if the grammar says so too: a
    colon may also stand in a dictionary, an annotation or a string.
    """
    if not opens_block(cursor.line_prefix, cursor.language):
        return False
    if cursor.syntax is None or cursor.line_prefix.rstrip().endswith(_BRACKETS):
        return True
    return is_block_opening(cursor.syntax, cursor.offset)


def _has_text_right(cursor: Cursor) -> bool:
    rest = cursor.line_suffix
    return bool(rest[len(leading_closers(rest)) :].strip())


def _block_is_there(cursor: Cursor) -> bool:
    next_line = cursor.next_line
    return next_line is not None and indentation_of(next_line) > cursor.indentation


def _is_in_comment(cursor: Cursor) -> bool:
    return cursor.line_prefix.lstrip().startswith(layout_of(cursor.language).line_comments)
