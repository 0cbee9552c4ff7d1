"""Who owns which KV cells, and which of them a new prompt can use again.

A *sequence* is a list of tokens whose keys and values lie in cells, one cell per token, in the
order of positions.  It is running (a request adds to it) or parked (kept for the next prompt of
its document).  Cells may have several owners: a prompt that begins like another one shares its
cells.

    parked  "a.py"   t0 t1 t2 t3 t4 t5 t6        new prompt of a.py: t0 t1 t2 t3 x4 x5
                     └── reused ──┘└ removed ┘   computed: x4 x5

What was computed is never moved here, so whatever is reused equals a full recompute.  The last
token of a prompt is always computed again when an answer is wanted, because its logits are.

Cells are admitted: a request reserves all that it may ever take before it starts, so a step
never runs out of them.  The cell numbers here are our own count; the library places cells as it
likes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from lsp_server.engine.runners.base import RunnerLimits
from lsp_server.errors import NoCellsError, PromptTooLongError


class CellStore(Protocol):
    """What the cache needs of a runner; see `runners.base.Runner`."""

    @property
    def limits(self) -> RunnerLimits:
        """What it can hold."""
        ...

    def end_position(self, sequence_id: int) -> int:
        """Return the position after the sequence's last cell."""
        ...

    def can_resume(self, sequence_id: int, position: int) -> bool:
        """Return whether all cells that `position` needs are still there."""
        ...

    def copy_cells(self, source: int, target: int, start: int, end: int) -> None:
        """Make `target` a second owner of cells."""
        ...

    def remove_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up cells."""
        ...


@dataclass(slots=True, eq=False)
class KvSequence:
    """One sequence of the runner that owns cells.

    Attributes:
        sequence_id: Its id in the runner.
        document_key: The document it is parked for, or will be.
        tokens: The tokens that its cells hold; the index is the position.
        cells: Our number of each token's cell.
        num_reserved: Cells that it may still take.
    """

    sequence_id: int
    document_key: str
    tokens: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    num_reserved: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request needs of the cache before it may start.

    Attributes:
        prompt: Its prompt's tokens.
        document_key: The document that it is parked for afterwards.
        num_answers: Alternatives; each is a sequence of its own.
        answer_cells: Cells that each alternative may take after the prompt.
        wants_logits: Whether the prompt's last token has to be computed in any case.
    """

    prompt: tuple[int, ...]
    document_key: str
    num_answers: int
    answer_cells: int
    wants_logits: bool


class KvCache:
    """All sequences of one runner.  It alone calls the runner's cell methods."""

    def __init__(self, store: CellStore) -> None:
        """Start with all cells free."""
        self._store = store
        self._limits = store.limits
        self._free_ids = list(range(self._limits.max_sequences - 1, -1, -1))
        self._free_cells = list(range(self._limits.num_cells - 1, -1, -1))
        self._num_owners = [0] * self._limits.num_cells
        self._running: dict[int, KvSequence] = {}
        #: By document key, least recently used first.
        self._parked: OrderedDict[str, KvSequence] = OrderedDict()

    @property
    def num_cells_total(self) -> int:
        """Cells there are."""
        return self._limits.num_cells

    @property
    def num_cells_used(self) -> int:
        """Cells that have an owner, parked ones included."""
        return self._limits.num_cells - len(self._free_cells)

    @property
    def num_cells_running(self) -> int:
        """Cells that running sequences own."""
        return len({cell for sequence in self._running.values() for cell in sequence.cells})

    @property
    def num_cells_reserved(self) -> int:
        """Cells that running sequences may still take."""
        return sum(sequence.num_reserved for sequence in self._running.values())

    @property
    def sequences(self) -> tuple[KvSequence, ...]:
        """Every sequence that is running or parked; not to be changed."""
        return (*self._running.values(), *self._parked.values())

    @property
    def parked_documents(self) -> tuple[str, ...]:
        """Documents with a parked sequence, least recently used first."""
        return tuple(self._parked)

    def check_possible(self, demand: Demand) -> None:
        """Check that a request could start if it were alone.

        Raises:
            PromptTooLongError: The prompt is longer than the context.
            NoCellsError: There are too few cells or sequences, even when all are free.
        """
        limits = self._limits
        num_prompt = len(demand.prompt)
        most = limits.context_tokens - (1 if demand.wants_logits else 0)
        if num_prompt > most:
            raise PromptTooLongError(
                f"the prompt has {num_prompt} tokens, and the context takes {most}: send less "
                "text, or raise engine.context_tokens if the model allows more"
            )
        num_needed = num_prompt + demand.num_answers * demand.answer_cells
        if num_needed > limits.num_cells:
            raise NoCellsError(
                f"the request needs {num_needed} KV cells ({num_prompt} for the prompt, "
                f"{demand.answer_cells} for each of {demand.num_answers} answers), and there are "
                f"{limits.num_cells}: ask for fewer or shorter answers, or raise "
                "engine.context_tokens"
            )
        if demand.num_answers > limits.max_sequences:
            raise NoCellsError(
                f"the request asks for {demand.num_answers} alternatives, and the engine of this "
                f"model runs {limits.max_sequences} at a time: ask for fewer"
            )

    def try_admit(self, demand: Demand) -> list[KvSequence] | None:
        """Give a request its sequences and reserve its cells, or return `None`: it must wait.

        The first sequence holds what is reused of the prompt; the others are empty until
        `share`.  Parked sequences are evicted, least recently used first, as far as needed.
        """
        source, num_reused = self._best_source(demand)
        num_new_cells = len(demand.prompt) - num_reused + demand.num_answers * demand.answer_cells
        if not self._would_fit(demand.num_answers, num_new_cells, source, num_reused):
            return None
        key = demand.document_key
        sequences = [self._start(source, num_reused, key)]
        sequences += [self._new_sequence(key) for _ in range(1, demand.num_answers)]
        while len(self._free_cells) - self.num_cells_reserved < num_new_cells:
            self._evict()
        for sequence in sequences:
            sequence.num_reserved = demand.answer_cells
        sequences[0].num_reserved += len(demand.prompt) - num_reused
        return sequences

    def extend(self, sequence: KvSequence, tokens: Iterable[int]) -> None:
        """Note that the runner has computed tokens at the sequence's end."""
        for token in tokens:
            assert sequence.num_reserved > 0, "a sequence took more cells than it reserved"
            cell = self._free_cells.pop()
            self._num_owners[cell] = 1
            sequence.tokens.append(token)
            sequence.cells.append(cell)
            sequence.num_reserved -= 1

    def note_aborted(self, sequence: KvSequence, tokens: list[int]) -> None:
        """Note that of `tokens` only those were computed that the runner now has cells for."""
        num_computed = self._store.end_position(sequence.sequence_id) - len(sequence.tokens)
        self.extend(sequence, tokens[: max(num_computed, 0)])

    def take_back_last(self, sequence: KvSequence) -> None:
        """Remove the last token of a running sequence, so that it can be computed again."""
        self._truncate(sequence, len(sequence.tokens) - 1)
        sequence.num_reserved += 1

    def share(self, source: KvSequence, target: KvSequence) -> None:
        """Make an empty sequence a second owner of all cells of another one."""
        assert not target.tokens, "only an empty sequence can be given cells"
        self._copy(source, target, len(source.tokens))

    def park(self, sequence: KvSequence) -> None:
        """Keep a running sequence for the next prompt of its document.

        It takes the place of what was parked for the document before, unless that goes on
        where this one ends.
        """
        key = sequence.document_key
        older = self._parked.get(key)
        if not sequence.tokens or (
            older is not None and older.tokens[: len(sequence.tokens)] == sequence.tokens
        ):
            self.release(sequence)
            return
        if older is not None:
            self._drop(self._parked.pop(key))
        sequence.num_reserved = 0
        del self._running[sequence.sequence_id]
        self._parked[key] = sequence

    def release(self, sequence: KvSequence) -> None:
        """Free a running sequence and the cells that nobody else owns."""
        del self._running[sequence.sequence_id]
        self._drop(sequence)

    def evict_all(self) -> None:
        """Free every parked sequence."""
        while self._parked:
            self._evict()

    def check_integrity(self) -> None:
        """Check that every cell has its owners; for tests and for idle moments.

        Raises:
            AssertionError: With a sentence that says what is wrong.
        """
        sequences = self.sequences
        owners = [0] * self._limits.num_cells
        for sequence in sequences:
            assert len(sequence.cells) == len(sequence.tokens), "each token has one cell"
            assert len(set(sequence.cells)) == len(sequence.cells), "no cell twice in a sequence"
            end = self._store.end_position(sequence.sequence_id)
            assert end == len(sequence.tokens), (
                f"sequence {sequence.sequence_id} has {len(sequence.tokens)} tokens here and "
                f"ends at {end} in the runner"
            )
            for cell in sequence.cells:
                owners[cell] += 1
        assert owners == self._num_owners, "owners are counted right"
        free = {cell for cell, count in enumerate(owners) if count == 0}
        assert free == set(self._free_cells), "free cells are those without an owner"
        assert len(free) == len(self._free_cells), "no cell is free twice"
        assert self.num_cells_reserved <= len(free), "no more cells are reserved than free"
        assert all(sequence.num_reserved == 0 for sequence in self._parked.values())
        ids = sorted(self._free_ids + [sequence.sequence_id for sequence in sequences])
        assert ids == list(range(self._limits.max_sequences)), "every id is free or in use"
        for free_id in self._free_ids:
            assert self._store.end_position(free_id) == 0, "a free sequence has no cells"

    def _best_source(self, demand: Demand) -> tuple[KvSequence | None, int]:
        """Return the sequence that shares the longest beginning with a prompt, and its length.

        Among equals the document's own parked sequence comes first, then other parked ones.
        """
        most = len(demand.prompt) - (1 if demand.wants_logits else 0)
        own = self._parked.get(demand.document_key)
        candidates = [*([own] if own else []), *self._parked.values(), *self._running.values()]
        best: KvSequence | None = None
        num_best = 0
        for candidate in candidates:
            num_common = min(common_prefix_length(candidate.tokens, demand.prompt), most)
            if num_common > num_best and self._store.can_resume(candidate.sequence_id, num_common):
                best, num_best = candidate, num_common
        return best, num_best

    def _would_fit(
        self, num_sequences: int, num_new_cells: int, source: KvSequence | None, num_reused: int
    ) -> bool:
        """Return whether enough ids and cells are free, or would be after evictions."""
        if len(self._free_ids) + len(self._parked) < num_sequences:
            return False
        if len(self._free_cells) - self.num_cells_reserved >= num_new_cells:
            return True
        held = {cell for sequence in self._running.values() for cell in sequence.cells}
        if source is not None:
            held.update(source.cells[:num_reused])
        num_available = self._limits.num_cells - len(held) - self.num_cells_reserved
        return num_available >= num_new_cells

    def _start(self, source: KvSequence | None, num_reused: int, key: str) -> KvSequence:
        """Return a running sequence with the first `num_reused` tokens of the source."""
        if source is None:
            return self._new_sequence(key)
        is_parked = self._parked.get(source.document_key) is source
        if is_parked and (source.document_key == key or not self._can_spare_an_id()):
            return self._take_over(source, num_reused, key)
        if is_parked:
            self._parked.move_to_end(source.document_key)
        sequence = self._new_sequence(key)
        self._copy(source, sequence, num_reused)
        return sequence

    def _can_spare_an_id(self) -> bool:
        """Return whether a new sequence leaves the most recently used parked one alone."""
        return bool(self._free_ids) or len(self._parked) > 1

    def _take_over(self, source: KvSequence, num_kept: int, key: str) -> KvSequence:
        """Let a parked sequence run again with only its first tokens."""
        del self._parked[source.document_key]
        source.document_key = key
        self._running[source.sequence_id] = source
        self._truncate(source, num_kept)
        return source

    def _truncate(self, sequence: KvSequence, num_kept: int) -> None:
        """Let a sequence give up all cells but its first ones."""
        if num_kept == len(sequence.tokens):
            return
        self._store.remove_cells(sequence.sequence_id, num_kept, None)
        self._disown(sequence.cells[num_kept:])
        del sequence.cells[num_kept:]
        del sequence.tokens[num_kept:]

    def _new_sequence(self, key: str) -> KvSequence:
        if not self._free_ids:
            self._evict()
        sequence = KvSequence(self._free_ids.pop(), key)
        self._running[sequence.sequence_id] = sequence
        return sequence

    def _copy(self, source: KvSequence, target: KvSequence, num_tokens: int) -> None:
        self._store.copy_cells(source.sequence_id, target.sequence_id, 0, num_tokens)
        target.tokens.extend(source.tokens[:num_tokens])
        target.cells.extend(source.cells[:num_tokens])
        for cell in target.cells:
            self._num_owners[cell] += 1

    def _evict(self) -> None:
        """Free the least recently used parked sequence."""
        _, sequence = self._parked.popitem(last=False)
        self._drop(sequence)

    def _drop(self, sequence: KvSequence) -> None:
        if sequence.tokens or self._store.end_position(sequence.sequence_id):
            self._store.remove_cells(sequence.sequence_id, 0, None)
        self._disown(sequence.cells)
        sequence.num_reserved = 0
        self._free_ids.append(sequence.sequence_id)

    def _disown(self, cells: Iterable[int]) -> None:
        for cell in cells:
            self._num_owners[cell] -= 1
            if self._num_owners[cell] == 0:
                self._free_cells.append(cell)


def common_prefix_length(left: list[int], right: tuple[int, ...]) -> int:
    """Return how many tokens two lists have in common at their start."""
    most = min(len(left), len(right))
    start = 0
    for stride in (256, 16, 1):
        while start < most and tuple(left[start : start + stride]) == right[start : start + stride]:
            start = min(start + stride, most)
    return start
