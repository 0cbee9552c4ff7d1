"""Documents that nobody asks for leave the cache while nobody waits, and who stays moves together.

llama.cpp's attention goes through all cells up to the highest one in use, and for one sequence that
writes it deals them out to the threads in equal parts (docs/engine-facts.md): beside the cells of
other documents, few threads have all the work.  So all but the one that was asked for last are
copied out to memory, as long as there is room, and come back with their next request: going and
coming back takes less than what one suggestion loses beside them.  The last document's cells are
copied out and back into the lowest ones; or it leaves, too, when the pause ends with another
document.  None of this can be broken off, so it is left to longer pauses.
"""

from __future__ import annotations

import logging

from lsp_server.engine.kv_cache import KvCache
from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.errors import EngineError

logger = logging.getLogger(__name__)

#: Fewer places left empty are no reason to move a document.
MIN_RETIRED_CELLS = 256


class Tidier:
    """Keeps the cells of one cache together, one document after the other."""

    def __init__(self, cache: KvCache) -> None:
        """Start with nothing to do; nothing may be running in the cache when it is tidied."""
        self._cache = cache
        #: By document, when it was parked that there was no room for in memory.
        self._given_up: dict[str, int] = {}
        self._num_departed = 0

    @property
    def has_work(self) -> bool:
        """Whether there is something to move."""
        if not self._cache.can_copy_out:
            return False
        return self._next_idle() is not None or self._next_scattered() is not None

    def tidy_once(self) -> None:
        """Move one document, if there is one to move."""
        idle, scattered = self._next_idle(), self._next_scattered()
        if idle is not None:
            self._move_out(idle)
        elif scattered is not None:
            self._move_together(scattered)

    def make_way(self, document_key: str) -> None:
        """Leave the cells to a document that is asked for after a longer pause, if it has none."""
        if not self._cache.can_copy_out or self._cache.parked(document_key) is not None:
            return
        for parked in self._parked:
            if not self._has_given_up(parked):
                self._move_out(parked)
        if not self._cache.parked_documents:
            self._num_departed = self._cache.num_departed

    def _move_out(self, idle: KvSequence) -> None:
        try:
            has_left = self._cache.move_out(idle.document_key)
        except EngineError as error:
            logger.warning("a document stays where it is: %s", error)
            has_left = False
        if not has_left:
            self._give_up(idle)

    def _move_together(self, scattered: KvSequence) -> None:
        self._num_departed = self._cache.num_departed
        try:
            self._cache.move_together(scattered.document_key)
        except EngineError as error:
            logger.warning("a document stays where it is: %s", error)

    def _next_idle(self) -> KvSequence | None:
        """Return the document that was asked for longest ago of those that can go."""
        return next((each for each in self._parked[:-1] if not self._has_given_up(each)), None)

    def _next_scattered(self) -> KvSequence | None:
        """Return the only document that is left, if it lies behind what was left free."""
        has_gaps = (
            self._num_departed != self._cache.num_departed
            or self._cache.num_retired_cells >= MIN_RETIRED_CELLS
        )
        return self._parked[0] if has_gaps and len(self._parked) == 1 else None

    @property
    def _parked(self) -> list[KvSequence]:
        """What is parked, longest ago first."""
        found = (self._cache.parked(key) for key in self._cache.parked_documents)
        return sorted((one for one in found if one is not None), key=lambda one: one.parking)

    def _has_given_up(self, parked: KvSequence) -> bool:
        return self._given_up.get(parked.document_key) == parked.parking

    def _give_up(self, idle: KvSequence) -> None:
        """Leave a document where it is until its next request."""
        self._given_up[idle.document_key] = idle.parking
        for key in self._given_up.keys() - set(self._cache.parked_documents):
            del self._given_up[key]
