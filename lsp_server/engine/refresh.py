"""Stale cells are computed again while nobody waits.

    stale       e e e e s s s s s s      e exact, s stale
    under way   e e e e E E | s s s s    computed again up to here; the rest is an island behind it
    done        e e e e E E E E E E

Each token leaves the island when it has been computed again, so a request that comes in between
finds all of it: what is exact by now, and what is not.  What is computed has to lie in the order of
the text (docs/engine-facts.md, trap 14).  Where there is no room for it behind everything else, it
takes the very places of what it replaces, which is given up before: a request that comes in the
middle of such a chunk computes its tokens itself.

No small rest is left for a last chunk: llama.cpp adds up attention less exactly for few tokens
(docs/engine-facts.md, trap 14).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lsp_server.engine.kv_cache import KvCache
from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.engine.runners.base import BatchToken


@dataclass(frozen=True, slots=True)
class RefreshChunk:
    """Tokens to compute again, from a sequence's end on, maybe in the places of the old ones."""

    sequence: KvSequence
    tokens: list[int]
    is_in_place: bool

    def batch(self) -> list[BatchToken]:
        """Return the tokens for the runner."""
        start = len(self.sequence.tokens)
        return [
            BatchToken(token, start + offset, self.sequence.sequence_id, wants_logits=False)
            for offset, token in enumerate(self.tokens)
        ]


class Refresher:
    """Computes the stale documents of one cache again, the one that was used last first.

    Attributes:
        max_tokens: Tokens in one chunk.
    """

    def __init__(self, cache: KvCache, max_tokens: int, max_batch_tokens: int = 0) -> None:
        """Start with nothing to do.

        Args:
            cache: Its stale documents are looked after.
            max_tokens: Tokens in one chunk.
            max_batch_tokens: So many may be in a last chunk that has nearly two chunks' tokens.
        """
        self._cache = cache
        self.max_tokens = max_tokens
        self._max_batch_tokens = max_batch_tokens
        #: By document, the prompt of a stale sequence that there was no room for.
        self._given_up: dict[str, tuple[int, ...]] = {}

    @property
    def has_work(self) -> bool:
        """Whether there is a document to refresh."""
        return self._next_stale() is not None

    def next_chunk(self) -> RefreshChunk | None:
        """Return what to compute next, or `None` if there is nothing left."""
        while (stale := self._next_stale()) is not None:
            if not _is_under_way(stale) and not self._cache.start_renewal(stale):
                self._give_up(stale)
                continue
            missing = stale.islands[0].tokens
            tokens = missing[: self._chunk_tokens(len(missing))]
            has_room = self._cache.has_room_for_renewal(stale)
            if not has_room:
                self._cache.vacate(stale, len(tokens))
            return RefreshChunk(stale, tokens, is_in_place=not has_room)
        return None

    def take_in(self, chunk: RefreshChunk, *, was_aborted: bool) -> int:
        """Take in a chunk that the runner computed; return how many tokens it did compute."""
        sequence, tokens = chunk.sequence, chunk.tokens
        if was_aborted:
            tokens = tokens[: self._cache.num_computed(sequence)]
        if tokens:
            self._cache.renew(sequence, tokens, is_in_place=chunk.is_in_place)
        return len(tokens)

    def fail(self, chunk: RefreshChunk) -> None:
        """Give up a document whose chunk could not be computed."""
        self._give_up(chunk.sequence)

    def _chunk_tokens(self, num_missing: int) -> int:
        """Return how many of the missing tokens are computed next."""
        most = max(self.max_tokens, self._max_batch_tokens)
        if num_missing <= most and num_missing < 2 * self.max_tokens:
            return num_missing
        return min(self.max_tokens, math.ceil(num_missing / 2))

    def _next_stale(self) -> KvSequence | None:
        for key in reversed(self._cache.parked_documents):
            parked = self._cache.parked(key)
            assert parked is not None, "a parked document has a sequence"
            # Other islands wait for the request that was cancelled.
            is_stale = parked.is_stale and not parked.islands
            is_given_up = self._given_up.get(key) is parked.target
            if (is_stale or _is_under_way(parked)) and not is_given_up:
                return parked
        return None

    def _give_up(self, stale: KvSequence) -> None:
        """Leave a document as it is until its next prompt."""
        self._cache.stop_renewal(stale)
        self._given_up[stale.document_key] = stale.target
        for key in self._given_up.keys() - set(self._cache.parked_documents):
            del self._given_up[key]


def _is_under_way(sequence: KvSequence) -> bool:
    """Whether what was stale of a sequence begins where it ends; any other island has a gap."""
    return sequence.gap_end == len(sequence.tokens)
