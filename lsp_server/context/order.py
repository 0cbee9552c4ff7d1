"""In which order blocks stand: least relevant first, dependencies before dependents."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.context.index import FileFacts, Index
from lsp_server.context.names import imported_files
from lsp_server.context.query import Block, Ranked


def order_blocks(
    blocks: Sequence[Block], ranked: Sequence[Ranked], index: Index
) -> tuple[Block, ...]:
    """Sort blocks so that what matters most stands next to the document.

    Args:
        blocks: In any order.
        ranked: What they were made of; says which files they come from.
        index: Says which of these files imports which.
    """
    by_path: dict[str, list[Block]] = {}
    for block in sorted(blocks, key=lambda block: block.start_line):
        by_path.setdefault(block.path, []).append(block)
    files = _files_of(by_path, ranked, index)
    by_score = sorted(by_path, key=lambda path: (max(b.score for b in by_path[path]), path))
    imports = {path: _imported(files[path], files, index) for path in by_score if path in files}
    placed: dict[str, None] = {}
    for path in by_score:
        _place(path, imports, placed, frozenset())
    return tuple(block for path in placed for block in by_path[path])


def _files_of(
    by_path: dict[str, list[Block]], ranked: Sequence[Ranked], index: Index
) -> dict[str, FileFacts]:
    files: dict[str, FileFacts] = {}
    for one in ranked:
        file = one.candidate.file
        path = index.workspace.relative(file.path)
        if path in by_path:
            files.setdefault(path, file)
    return files


def _imported(file: FileFacts, files: dict[str, FileFacts], index: Index) -> list[str]:
    """Return which of some files a file imports, in the order of their names."""
    stems = {stem for other in files.values() for stem in (other.path.stem, other.path.parent.name)}
    leading = (
        one
        for one in file.imports
        if one.name in stems or any(stem in one.module for stem in stems)
    )
    targets = {found.path for one in leading for found in imported_files(one, file, index)}
    return sorted(path for path, other in files.items() if other.path in targets)


def _place(
    path: str, imports: dict[str, list[str]], placed: dict[str, None], above: frozenset[str]
) -> None:
    """Place a file after those that it imports; of a cycle, the one met first comes last."""
    if path in placed or path in above:
        return
    for dependency in imports.get(path, ()):
        _place(dependency, imports, placed, above | {path})
    placed.setdefault(path)
