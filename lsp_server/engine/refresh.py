"""Stale cells are computed again while nobody waits, in their own place.

    stale       e e e e s s s s s s      e exact, s stale
    under way   e e e e E E | s s s s    computed again up to here; the rest is an island behind it
    done        e e e e E E E E E E

Each token leaves the island when it has been computed again, so this takes no more cells than one
chunk, and a request that comes in between finds all of it: what is exact by now, and what is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.engine.kv_cache import KvCache
from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.engine.runners.base import BatchToken


@dataclass(frozen=True, slots=True)
class RefreshChunk:
    """Tokens to compute again, from a sequence's end on."""

    sequence: KvSequence
    tokens: list[int]

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

    def __init__(self, cache: KvCache, max_tokens: int) -> None:
        """Start with nothing to do.

        Args:
            cache: Its stale documents are looked after.
            max_tokens: Tokens in one chunk.
        """
        self._cache = cache
        self.max_tokens = max_tokens
        #: By document, the prompt of a stale sequence that there was no room for.
        self._given_up: dict[str, tuple[int, ...]] = {}

    @property
    def has_work(self) -> bool:
        """Whether there is a document to refresh."""
        return self._next_stale() is not None

    def next_chunk(self) -> RefreshChunk | None:
        """Return what to compute next, or `None` if there is nothing left."""
        while (stale := self._next_stale()) is not None:
            if _is_under_way(stale) or self._cache.start_renewal(stale):
                missing = stale.islands[0].tokens[: self.max_tokens]
                num_tokens = self._cache.room_for_renewal(len(missing))
                if num_tokens:
                    return RefreshChunk(stale, missing[:num_tokens])
            self._give_up(stale)
        return None

    def take_in(self, chunk: RefreshChunk, *, was_aborted: bool) -> int:
        """Take in a chunk that the runner computed; return how many tokens it did compute."""
        return self._cache.renew(chunk.sequence, chunk.tokens, was_aborted=was_aborted)

    def fail(self, chunk: RefreshChunk) -> None:
        """Give up a document whose chunk could not be computed."""
        self._give_up(chunk.sequence)

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
