"""The context of each open document, held still while a person types.

A prompt whose beginning changes has to be computed again, so a set of blocks stays until
something happens that makes a better one likely:

- nothing but the cursor's row changed: the same blocks, nothing is even parsed, unless there
  was no time for everything when the set was made;
- another row near by, another scope, another receiver: what is new goes to the end;
- another document, a jump, a new import, a save, or no room left: a new set.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from lsp_server.context.expressions import receiver_before
from lsp_server.context.gather import Gatherer, language_of_query
from lsp_server.context.imports import Import
from lsp_server.context.query import Block, ContextQuery, Gathered
from lsp_server.context.render import render
from lsp_server.context.situation import Situation

#: Rows between two requests that are a jump.
JUMP_ROWS = 20

#: Documents whose sets are held.
MAX_DOCUMENTS = 16


@dataclass(frozen=True, slots=True)
class _Held:
    """A document's set of blocks and what it was made for."""

    blocks: tuple[Block, ...]
    is_complete: bool
    budget_tokens: int
    head: str
    tail: str
    receiver: str
    row: int
    imports: tuple[tuple[str, str | None, str], ...]


class ContextKeeper:
    """Answers queries from what it holds as long as that is good enough.

    Not safe for threads: one at a time.
    """

    def __init__(self, gatherer: Gatherer) -> None:
        self._gatherer = gatherer
        self._held: OrderedDict[Path, _Held] = OrderedDict()
        self._last_path: Path | None = None

    def blocks(self, query: ContextQuery) -> tuple[Block, ...]:
        """Return the blocks for a cursor, the same ones in the same order while typing."""
        held = self._held.get(query.path)
        if held is not None and self._last_path == query.path and _is_same_row(held, query):
            return held.blocks
        situation = self._gatherer.read(query)
        if situation is None:
            return ()
        gathered = self._gatherer.gather_in(situation, query)
        blocks = gathered.blocks
        if held is not None and not self._must_replace(held, query, situation):
            blocks = _extended(held.blocks, blocks, query)
        self._keep(query, situation, Gathered(blocks, gathered.is_complete))
        return blocks

    def saved(self, path: Path) -> None:
        """Take note that a file changed on disk: every set may be better now."""
        self._gatherer.refresh()
        self._held.clear()
        if self._last_path == path:
            self._last_path = None

    def _must_replace(self, held: _Held, query: ContextQuery, situation: Situation) -> bool:
        return (
            self._last_path != query.path
            or held.budget_tokens != query.budget_tokens
            or abs(situation.row - held.row) > JUMP_ROWS
            or _import_keys(situation.file.imports) != held.imports
        )

    def _keep(self, query: ContextQuery, situation: Situation, gathered: Gathered) -> None:
        head, tail = _around_row(query)
        self._held[query.path] = _Held(
            blocks=gathered.blocks,
            is_complete=gathered.is_complete,
            budget_tokens=query.budget_tokens,
            head=head,
            tail=tail,
            receiver=_receiver_text(query),
            row=situation.row,
            imports=_import_keys(situation.file.imports),
        )
        self._held.move_to_end(query.path)
        self._last_path = query.path
        while len(self._held) > MAX_DOCUMENTS:
            self._held.popitem(last=False)


def _extended(
    held: tuple[Block, ...], new: tuple[Block, ...], query: ContextQuery
) -> tuple[Block, ...]:
    """Return the held blocks with the new ones after them, or the new set if that is full.

    A block that grew is taken out and put to the end.
    """
    grown = {(block.path, block.start_line) for block in new if _adds_to(block, held)}
    kept = tuple(block for block in held if (block.path, block.start_line) not in grown)
    added = tuple(block for block in new if (block.path, block.start_line) in grown)
    extended = kept + added
    return extended if query.count(render(extended)) <= query.budget_tokens else new


def _is_same_row(held: _Held, query: ContextQuery) -> bool:
    """Whether nothing changed since but the text of the cursor's row, and no other receiver."""
    return (
        held.is_complete
        and held.budget_tokens == query.budget_tokens
        and (held.head, held.tail) == _around_row(query)
        and _receiver_text(query) in ("", held.receiver)
    )


def _around_row(query: ContextQuery) -> tuple[str, str]:
    """Return the texts before and after the cursor's row."""
    row_start = query.text.rfind("\n", 0, query.cursor) + 1
    row_end = query.text.find("\n", query.cursor)
    return query.text[:row_start], query.text[row_end:] if row_end >= 0 else ""


def _receiver_text(query: ContextQuery) -> str:
    """Return what a member is being asked of at the cursor, or an empty text."""
    language = language_of_query(query)
    if language is None:
        return ""
    row_start = query.text.rfind("\n", 0, query.cursor) + 1
    receiver = receiver_before(query.text[row_start : query.cursor], language.member_access)
    return receiver.text if receiver is not None else ""


def _import_keys(imports: tuple[Import, ...]) -> tuple[tuple[str, str | None, str], ...]:
    return tuple((one.module, one.name, one.alias) for one in imports)


def _adds_to(block: Block, held: tuple[Block, ...]) -> bool:
    """Whether a block shows a row that the held ones do not."""
    rows = {
        row
        for one in held
        if (one.path, one.start_line) == (block.path, block.start_line)
        for row in one.text.split("\n")
    }
    return any(row not in rows for row in block.text.split("\n"))
