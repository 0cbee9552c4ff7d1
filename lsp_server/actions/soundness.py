"""Whether an edit leaves the document as sound as it was."""

from __future__ import annotations

from tree_sitter import Node

from lsp_server.actions.scene import Scene
from lsp_server.context.syntax import ParsedText, reparse


def breaks(scene: Scene, start: int, end: int, text: str) -> bool:
    """Whether the text in place of a range makes more of the document unreadable.

    A document that parsed must parse afterwards; one that did not must not get worse.
    """
    if scene.parsed is None:
        return False
    after = reparse(scene.parsed, scene.text[:start] + text + scene.text[end:])
    return num_errors(after) > num_errors(scene.parsed)


def num_errors(parsed: ParsedText) -> int:
    """Count the places that the grammar does not understand, missing parts included."""
    return _num_errors(parsed.tree.root_node)


def _num_errors(root: Node) -> int:
    count = 0
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if not node.has_error:
            continue
        count += node.is_error or node.is_missing
        waiting += node.children
    return count
