"""Blocks as text: a path comment per file, then its headers.

Which tokens stand between files of a repository is a matter of the model's family and of
`lsp_server.prompt`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from lsp_server.context.query import Block


def path_comment(path: str, line_comment: str) -> str:
    """Return the line that says which file follows."""
    return f"{line_comment} {path}"


def render(blocks: Sequence[Block]) -> str:
    """Return the text of all blocks; neighbours of one file share its comment."""
    parts = []
    for (path, comment), group in itertools.groupby(
        blocks, key=lambda block: (block.path, block.line_comment)
    ):
        texts = "\n".join(block.text for block in group)
        parts.append(f"{path_comment(path, comment)}\n{texts}\n\n")
    return "".join(parts)
