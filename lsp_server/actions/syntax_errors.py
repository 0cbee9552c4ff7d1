"""What the grammar finds wrong, for those who have no compiler's diagnostics at hand."""

from __future__ import annotations

from lsp_server.actions.scene import Scene
from lsp_server.actions.values import ActionQuery, Diagnostic

_MAX_ERRORS = 8


def syntax_errors(query: ActionQuery) -> tuple[Diagnostic, ...]:
    """Return the first places of a document that the grammar does not understand."""
    scene = Scene.of(query)
    if scene.parsed is None:
        return ()
    found: list[Diagnostic] = []
    waiting = [scene.parsed.tree.root_node]
    while waiting and len(found) < _MAX_ERRORS:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            start, end = map(scene.plain.offset_in_document, scene.span(node))
            message = f"missing {node.type}" if node.is_missing else "syntax error"
            found.append(Diagnostic(start, end, message, len(found)))
        elif node.has_error:
            waiting += reversed(node.children)
    return tuple(found)
