"""Documents whose keys and values were copied out of the cache, in memory only.

A state takes about 200 KB for each token of a 1.3B model, so there is a bound on all of them
together; the least recently saved goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from lsp_server.engine.runners.base import SequenceState


@dataclass(frozen=True, slots=True)
class SavedState:
    """One document's sequence outside the cache.

    Attributes:
        tokens: Its tokens.
        ages: See `KvSequence.ages`.
        num_exact: See `KvSequence.num_exact`.
        state: What the runner restores it from.
    """

    tokens: tuple[int, ...]
    ages: tuple[int, ...]
    num_exact: int
    state: SequenceState

    @property
    def num_bytes(self) -> int:
        """Memory that its state takes."""
        return sum(piece.nbytes for piece in self.state)


class SavedStates:
    """States by document key, within a bound."""

    def __init__(self, max_bytes: int) -> None:
        """Start with none; a bound of 0 keeps none."""
        self.max_bytes = max_bytes
        self.num_bytes = 0
        self._states: OrderedDict[str, SavedState] = OrderedDict()

    @property
    def documents(self) -> tuple[str, ...]:
        """Keys of the documents, least recently saved first."""
        return tuple(self._states)

    def get(self, document_key: str) -> SavedState | None:
        """Return a document's state, if it was kept."""
        return self._states.get(document_key)

    def put(self, document_key: str, saved: SavedState) -> None:
        """Keep a state; older ones give way, and so does itself if the bound is too low."""
        self.drop(document_key)
        self._states[document_key] = saved
        self.num_bytes += saved.num_bytes
        while self.num_bytes > self.max_bytes:
            self.drop(next(iter(self._states)))

    def drop(self, document_key: str) -> None:
        """Forget a document's state, if there is one."""
        saved = self._states.pop(document_key, None)
        if saved is not None:
            self.num_bytes -= saved.num_bytes
