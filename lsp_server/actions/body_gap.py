"""Where the body of a definition is still to be written.  Pure.

def area(r):                    function area(r: number) {
    \"\"\"Say how large.\"\"\"           // pi times r squared
    pass  <- gap                 <- gap
                                }
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from lsp_server.actions.languages import ActionLanguage
from lsp_server.actions.scene import Scene, body_of
from lsp_server.context.definitions import Found


@dataclass(frozen=True, slots=True)
class BodyGap:
    """A range of the text that a body takes the place of.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        before: What goes between the text before and the body.
        after: What goes between the body and the text after.
        indentation: Of the body's rows.
    """

    start: int
    end: int
    before: str
    after: str
    indentation: str


def find_body_gap(scene: Scene, found: Found) -> BodyGap | None:
    """Return where the body goes, or `None` if there is one already, or no place for one."""
    body = body_of(found)
    if body is None or scene.language is None or scene.parsed is None:
        return None
    if scene.parsed.language.indented_blocks:
        return _gap_in_block(scene, scene.language, found, body)
    return _gap_in_braces(scene, scene.language, found, body)


def _gap_in_block(
    scene: Scene, language: ActionLanguage, found: Found, body: Node
) -> BodyGap | None:
    statements = _statements(body)
    docstring = statements[0] if statements and is_docstring(statements[0]) else None
    rest = statements[1:] if docstring is not None else statements
    if not _is_placeholder(scene, language, rest):
        return None
    outer = scene.indentation_at(scene.span(found.node)[0])
    inner = outer + scene.indentation_unit
    if not statements:
        return _gap_below_header(scene, body, outer, inner)
    first_start = scene.span(statements[0])[0]
    is_on_own_row = not scene.text[scene.row_start(first_start) : first_start].strip()
    if is_on_own_row:
        inner = scene.indentation_at(first_start)
    if rest:
        start, end = scene.span(rest[0])
        if is_on_own_row:
            return BodyGap(start, end, "", "", inner)
        return BodyGap(len(scene.text[:start].rstrip()), end, f"\n{inner}", "", inner)
    assert docstring is not None, "a statement is a docstring or the rest"
    end = scene.span(docstring)[1]
    return BodyGap(end, end, f"\n{inner}", "", inner)


def _gap_below_header(scene: Scene, body: Node, outer: str, inner: str) -> BodyGap:
    """Return the gap below a header that nothing belongs to, comments and blanks aside."""
    start = scene.row_end(scene.span(body)[0])
    end = start
    while end < len(scene.text):
        row = scene.text[end + 1 : scene.row_end(end + 1)]
        is_comment = row.lstrip().startswith("#")
        if is_comment and len(row) - len(row.lstrip()) > len(outer):
            start = end = scene.row_end(end + 1)
        elif row and not row.strip():
            # The blanks that an editor has put before the cursor.
            end = scene.row_end(end + 1)
            break
        else:
            break
    return BodyGap(start, end, f"\n{inner}", "", inner)


def _gap_in_braces(
    scene: Scene, language: ActionLanguage, found: Found, body: Node
) -> BodyGap | None:
    start, end = scene.span(body)
    is_block = scene.text[start : start + 1] == "{" and scene.text[end - 1 : end] == "}"
    if not is_block or not _is_placeholder(scene, language, _statements(body)):
        return None
    comments = [child for child in body.named_children if _is_comment(child)]
    inner_start = scene.span(comments[-1])[1] if comments else start + 1
    outer = scene.indentation_at(scene.span(found.node)[0])
    inner = outer + scene.indentation_unit
    return BodyGap(inner_start, end - 1, f"\n{inner}", f"\n{outer}", inner)


def _statements(body: Node) -> list[Node]:
    return [child for child in body.named_children if not _is_comment(child)]


def is_docstring(statement: Node) -> bool:
    """Whether a statement is a string by itself."""
    children = statement.named_children
    return statement.type == "expression_statement" and [one.type for one in children] == ["string"]


def _is_placeholder(scene: Scene, language: ActionLanguage, statements: list[Node]) -> bool:
    """Whether statements are none, or one that stands for a body to be written."""
    if not statements:
        return True
    text = scene.text[slice(*scene.span(statements[0]))]
    return len(statements) == 1 and bool(re.fullmatch(language.placeholder, text, re.DOTALL))


def _is_comment(node: Node) -> bool:
    return "comment" in node.type
