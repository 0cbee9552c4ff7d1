"""Stop where the suggestion leaves the block that it began in."""

from __future__ import annotations

from lsp_server.completion.closers import OPENER_OF
from lsp_server.completion.cursor import Cursor, indentation_of
from lsp_server.completion.extent import opens_block
from lsp_server.completion.stops.lines import complete_lines_after_first


def stop_at_outdent(text: str, cursor: Cursor) -> int | None:
    """Return where the first line begins that belongs to what surrounds the block.

    After a line that opens a block these are lines that are not indented deeper than it; on a
    blank line, lines that are indented less.  A line that begins with a closing bracket
    still belongs to the block and ends it, unless it opens the next one (`} else {`).
    """
    first_line = text.partition("\n")[0]
    opened = cursor.line_prefix + first_line
    # The indentation that a line needs in order to belong to the block.
    needed = indentation_of(opened)
    if not opened.strip():
        needed = cursor.indentation
    elif opens_block(opened, cursor.language):
        needed += 1
    for newline, line in complete_lines_after_first(text):
        if not line.strip() or indentation_of(line) >= needed:
            continue
        if line.lstrip()[0] not in OPENER_OF:
            return newline
        if not opens_block(line, cursor.language):
            return newline + 1 + len(line)
    return None
