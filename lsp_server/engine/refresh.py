"""Stale cells are computed again while nobody waits.

A copy of the document's exact beginning is extended by what the stale sequence holds behind it,
and takes its place at the end.  Until then requests go on with the stale one, and typing at the
end of the document only makes the copy's work a little longer.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.engine.kv_cache import KvCache
from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.engine.runners.base import BatchToken
from lsp_server.engine.splice import common_prefix_length


@dataclass(frozen=True, slots=True)
class RefreshChunk:
    """Tokens to compute for a copy, from its end on."""

    copy: KvSequence
    tokens: list[int]

    def batch(self) -> list[BatchToken]:
        """Return the tokens for the runner."""
        start = len(self.copy.tokens)
        return [
            BatchToken(token, start + offset, self.copy.sequence_id, wants_logits=False)
            for offset, token in enumerate(self.tokens)
        ]


class Refresher:
    """Recomputes the stale documents of one cache, the one that was used last first.

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
        #: By document, the prompt of a stale sequence that there was no room to copy.
        self._given_up: dict[str, tuple[int, ...]] = {}

    @property
    def has_work(self) -> bool:
        """Whether there is a document to refresh."""
        return self._cache.spare is not None or self._next_stale() is not None

    def next_chunk(self) -> RefreshChunk | None:
        """Return what to compute next, or `None` if there is nothing left."""
        while self.has_work:
            copy = self._cache.spare or self._start()
            chunk = None if copy is None else self._follow(copy)
            if chunk is not None:
                return chunk
        return None

    def take_in(self, chunk: RefreshChunk, *, was_aborted: bool) -> int:
        """Take in a chunk that the runner computed; return how many tokens it did compute."""
        num_before = len(chunk.copy.tokens)
        if was_aborted:
            self._cache.note_aborted(chunk.copy, chunk.tokens)
        else:
            self._cache.extend(chunk.copy, chunk.tokens)
        num_computed = len(chunk.copy.tokens) - num_before
        stale = self._cache.parked(chunk.copy.document_key)
        if stale is not None and stale.tokens == chunk.copy.tokens:
            self._cache.park_spare()
        return num_computed

    def fail(self, chunk: RefreshChunk) -> None:
        """Give up a copy whose chunk could not be computed."""
        stale = self._cache.parked(chunk.copy.document_key)
        if stale is not None:
            self._give_up(stale)
        self._cache.release(chunk.copy)

    def _next_stale(self) -> KvSequence | None:
        for key in reversed(self._cache.parked_documents):
            parked = self._cache.parked(key)
            assert parked is not None, "a parked document has a sequence"
            # Islands wait for the request that was cancelled; a copy would not have them.
            is_given_up = self._given_up.get(key) is parked.target
            if parked.is_stale and not parked.islands and not is_given_up:
                return parked
        return None

    def _start(self) -> KvSequence | None:
        stale = self._next_stale()
        assert stale is not None, "asked only when there is work"
        copy = self._cache.start_spare(stale)
        if copy is None:
            self._give_up(stale)
        return copy

    def _give_up(self, stale: KvSequence) -> None:
        """Leave a document as it is until its next prompt."""
        self._given_up[stale.document_key] = stale.target
        for key in self._given_up.keys() - set(self._cache.parked_documents):
            del self._given_up[key]

    def _follow(self, copy: KvSequence) -> RefreshChunk | None:
        """Return the next chunk for a copy as its document is now; give it up if there is none."""
        stale = self._cache.parked(copy.document_key)
        if stale is not None and stale.is_stale and not stale.islands:
            num_common = common_prefix_length(copy.tokens, stale.tokens)
            missing = stale.tokens[num_common:]
            if missing and self._cache.cut_back(copy, num_common, len(missing)):
                return RefreshChunk(copy, missing[: self.max_tokens])
            self._give_up(stale)
        self._cache.release(copy)
        return None
