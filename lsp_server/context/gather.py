"""The story of one gathering: read the situation, collect, rank, fit, order."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lsp_server.context.collect import collect
from lsp_server.context.deadline import Deadline
from lsp_server.context.fit import fit
from lsp_server.context.index import Index
from lsp_server.context.languages.registry import (
    LanguageFacts,
    language_of_id,
    language_of_path,
)
from lsp_server.context.order import order_blocks
from lsp_server.context.query import Block, ContextQuery, Gathered
from lsp_server.context.rank import rank
from lsp_server.context.render import render
from lsp_server.context.situation import Situation, read_situation
from lsp_server.context.syntax import DocumentTrees
from lsp_server.context.workspace import Workspace

#: A longer document takes too long to look through while a person types.
MAX_DOCUMENT_CHARS = 1_000_000


class Gatherer:
    """Gathers context for cursors in the documents of one workspace.

    Not safe for threads: one at a time.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = Index(Workspace(roots))
        self._trees = DocumentTrees()
        self._clock = clock

    def read(self, query: ContextQuery) -> Situation | None:
        """Say where the cursor stands; `None` if Bantam cannot parse the document."""
        language = language_of_query(query)
        if language is None or len(query.text) > MAX_DOCUMENT_CHARS:
            return None
        path = Path(os.path.realpath(query.path))
        return read_situation(query, path, language, self._trees)

    def gather(self, query: ContextQuery) -> Gathered:
        """Return what to show before the document; the same for the same input and files."""
        situation = self.read(query)
        return self.gather_in(situation, query) if situation is not None else Gathered(())

    def gather_in(self, situation: Situation, query: ContextQuery) -> Gathered:
        """Do what `gather` does for a situation that was read already."""
        if query.budget_tokens <= 0:
            return Gathered(())
        deadline = Deadline(query.deadline_ms, self._clock)
        self._index.look_anew(query.open_texts)
        candidates = collect(situation, self._index, deadline)
        ranked = rank(candidates, situation)
        blocks = fit(ranked, query.budget_tokens, query.count, self._index.workspace)
        ordered = order_blocks(blocks, ranked, self._index)
        return Gathered(_within(ordered, query), is_complete=deadline.was_met)

    def refresh(self) -> None:
        """Look for files that came or went."""
        self._index.refresh()


def _within(blocks: tuple[Block, ...], query: ContextQuery) -> tuple[Block, ...]:
    """Drop the least relevant blocks while the whole text takes more than its parts did."""
    while blocks and query.count(render(blocks)) > query.budget_tokens:
        weakest = min(blocks, key=lambda block: block.score)
        blocks = tuple(block for block in blocks if block is not weakest)
    return blocks


def language_of_query(query: ContextQuery) -> LanguageFacts | None:
    """Return the language of a document: what the editor says, else what its path says."""
    return language_of_id(query.language_id) or language_of_path(query.path)
