"""Which KV cells a new prompt uses again, and who gives way when there are too few.

A *sequence* is a list of tokens whose keys and values lie in cells, one cell per token.  It is
running (a request adds to it) or parked (kept for the next prompt of its document).  Cells may
have several owners: a prompt that begins like another one shares its cells.

    parked  "a.py"   t0 t1 t2 t3 t4 t5 t6 t7        new prompt of a.py: t0 t1 x2 x3 t4 t5 t6 t7
                     kept └ removed └── moved ──┘   computed:                 x2 x3

What stays in place equals a full recompute.  What is moved behind a change was computed against
slightly older text: it is *stale* until an idle moment computes it again (`refresh.py`), and it
is carried over at most `max_age` changes.  The last token of a prompt is always computed again
when an answer is wanted, because its logits are.

Cells are admitted: a request reserves all that it may ever take before it starts, so a step
never runs out of them.  Documents that give way are copied out to memory, within a bound.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lsp_server.engine.admission import Admission, Demand, check_possible
from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.engine.kv_store import KvStore
from lsp_server.engine.reuse_plan import ReusePlan, plan_splice
from lsp_server.engine.runners.base import Runner
from lsp_server.engine.saved_states import SavedState, SavedStates
from lsp_server.engine.splice import common_prefix_length

#: A shorter sequence is computed again in less time than it takes to copy.
_MIN_SAVED_TOKENS = 32


@dataclass(frozen=True, slots=True)
class KeepPolicy:
    """What is kept of older prompts.

    Attributes:
        max_age: Changes over which unchanged text may keep its cells before it is computed
            again; with 0 everything equals a full recompute.
        max_saved_bytes: Memory for documents outside the cache.
    """

    max_age: int = 8
    max_saved_bytes: int = 0


class KvCache:
    """All sequences of one runner: running, parked, or saved outside."""

    def __init__(self, runner: Runner, policy: KeepPolicy | None = None) -> None:
        """Start with all cells free.

        Args:
            runner: Holds the cells.
            policy: What is kept.
        """
        policy = policy or KeepPolicy()
        self._store = KvStore(runner)
        support = runner.shift_support
        self._max_age = policy.max_age if support.is_allowed else 0
        is_forbidden = support.is_allowed and not policy.max_age
        self._reason = "engine.max_stale_edits is 0" if is_forbidden else support.reason
        self._running: dict[int, KvSequence] = {}
        #: By document key, least recently used first.
        self._parked: OrderedDict[str, KvSequence] = OrderedDict()
        self._saved = SavedStates(policy.max_saved_bytes)
        self._num_parkings = 0
        self._num_departed = 0

    @property
    def means(self) -> str:
        """How tokens are used again here, and why so, in words."""
        elsewhere = (
            f"after other edits, unchanged text moves along up to {self._max_age} times until it "
            f"is computed again in an idle moment ({self._reason})"
            if self._max_age
            else f"after other edits, what follows is computed again ({self._reason})"
        )
        saved_mib = self._saved.max_bytes // 1024**2
        return (
            f"typing at the cursor keeps everything; {elsewhere}; documents that leave the cache "
            f"may take {saved_mib} MiB of memory"
        )

    @property
    def num_cells_total(self) -> int:
        """Cells there are."""
        return self._store.limits.num_cells

    @property
    def num_cells_used(self) -> int:
        """Cells that have an owner, parked ones included."""
        return self.num_cells_total - self._store.num_free_cells

    @property
    def num_cells_running(self) -> int:
        """Cells that running sequences own."""
        return len(self._running_cells)

    @property
    def num_cells_reserved(self) -> int:
        """Cells that running sequences may still take."""
        return sum(sequence.num_reserved for sequence in self._running.values())

    @property
    def num_cells_unclaimed(self) -> int:
        """Cells that are free and that nobody has reserved."""
        return self._store.num_free_cells - self.num_cells_reserved

    @property
    def free_ids(self) -> tuple[int, ...]:
        """Ids of empty sequences, for what leaves them empty."""
        return self._store.free_ids

    @property
    def num_saved_bytes(self) -> int:
        """Memory that documents outside the cache take."""
        return self._saved.num_bytes

    @property
    def sequences(self) -> tuple[KvSequence, ...]:
        """Every sequence that is running or parked; not to be changed."""
        return (*self._running.values(), *self._parked.values())

    @property
    def parked_documents(self) -> tuple[str, ...]:
        """Documents with a parked sequence, least recently used first."""
        return tuple(self._parked)

    @property
    def saved_documents(self) -> tuple[str, ...]:
        """Documents outside the cache, least recently saved first."""
        return self._saved.documents

    @property
    def num_departed(self) -> int:
        """Documents that gave their cells away since the start."""
        return self._num_departed

    @property
    def num_retired_cells(self) -> int:
        """Free cells whose places are left empty as long as there are others, or more."""
        return self._store.num_retired_cells

    @property
    def can_copy_out(self) -> bool:
        """Whether documents can be copied out to memory now."""
        return bool(self._saved.max_bytes) and self._store.can_copy_out

    def parked(self, document_key: str) -> KvSequence | None:
        """Return a document's parked sequence; not to be changed."""
        return self._parked.get(document_key)

    def check_possible(self, demand: Demand) -> None:
        """Check that a request could start if it were alone.

        Raises:
            PromptTooLongError: The prompt is longer than the context.
            NoCellsError: There are too few cells or sequences, even when all are free.
        """
        check_possible(demand, self._store.limits)

    def try_admit(self, demand: Demand) -> Admission | None:
        """Give a request its sequences and reserve its cells, or return `None`: it must wait.

        Parked sequences are evicted, least recently used first, as far as needed.
        """
        self._bring_back(demand)
        return self._try_admit(demand)

    def extend(self, sequence: KvSequence, tokens: Iterable[int]) -> None:
        """Note that the runner has computed tokens at the sequence's end."""
        self._store.extend(sequence, tokens)

    def note_aborted(self, sequence: KvSequence, tokens: list[int]) -> None:
        """Note that of `tokens` only those were computed that the runner now has cells for."""
        self._store.extend_aborted(sequence, tokens)

    def take_back_last(self, sequence: KvSequence) -> None:
        """Remove the last token of a running sequence, so that it can be computed again."""
        self._store.truncate(sequence, len(sequence.tokens) - 1)
        sequence.num_reserved += 1

    def share(self, source: KvSequence, target: KvSequence) -> None:
        """Make an empty sequence a second owner of all cells of another one."""
        self._store.copy(source, target, len(source.tokens))

    def park(self, sequence: KvSequence) -> None:
        """Keep a running sequence for the next prompt of its document.

        It takes the place of what was parked for the document before, unless that goes on
        where this one ends.
        """
        key = sequence.document_key
        older = self._parked.get(key)
        goes_on = older is not None and older.tokens[: len(sequence.tokens)] == sequence.tokens
        if goes_on or not (sequence.tokens or sequence.islands):
            self.release(sequence)
            return
        self.forget(key)
        sequence.num_reserved = 0
        del self._running[sequence.sequence_id]
        self._park(sequence)

    def release(self, sequence: KvSequence) -> None:
        """Free a running sequence and the cells that nobody else owns."""
        del self._running[sequence.sequence_id]
        self._store.drop(sequence)

    def forget(self, document_key: str) -> None:
        """Free what is parked or saved for a document."""
        parked = self._parked.pop(document_key, None)
        if parked is not None:
            self._store.drop(parked)
        self._saved.drop(document_key)

    def evict_all(self) -> None:
        """Free every parked sequence, without saving it."""
        for key in self.parked_documents:
            self.forget(key)

    def move_out(self, document_key: str) -> bool:
        """Copy a parked document out to memory, or forget it if it is very short.

        Returns:
            Whether it has left the cache: it stays if it or another one would be lost otherwise.
        """
        sequence = self._parked[document_key]
        if len(sequence.tokens) >= _MIN_SAVED_TOKENS:
            room = self._saved.max_bytes - self._saved.num_bytes
            saved = None if sequence.islands else self._store.save(sequence, room)
            if saved is None:
                return False
            self._saved.put(document_key, saved)
        del self._parked[document_key]
        self._leave(sequence)
        return True

    def move_together(self, document_key: str) -> None:
        """Copy a parked document into the lowest places, if it owns its cells alone."""
        sequence = self._parked[document_key]
        if not self._store.can_move_together(sequence):
            self._store.reuse_places()
        elif not self._store.move_together(sequence):
            del self._parked[document_key]
            self._store.drop(sequence)

    def start_renewal(self, sequence: KvSequence) -> bool:
        """Let what is stale of a parked sequence be computed again, from its first token on.

        What is not reached yet stays behind the sequence as an island, so that the next request
        finds it.

        Returns:
            Whether it can be: not without a free id.
        """
        if not self._store.num_free_ids and not self._drop_leftovers():
            return False
        self._store.set_apart_stale(sequence)
        return True

    def has_room_for_renewal(self, sequence: KvSequence) -> bool:
        """Return whether all that is still stale can be computed behind all other cells."""
        num_tokens = len(sequence.islands[0].tokens)
        return self.num_cells_unclaimed >= num_tokens and self._store.has_places(num_tokens)

    def vacate(self, sequence: KvSequence, num_tokens: int) -> None:
        """Give up the next tokens of a renewal, so that they can be computed in their places."""
        self._store.vacate(sequence, num_tokens)

    def num_computed(self, sequence: KvSequence) -> int:
        """Return how many tokens of an aborted step the runner has cells for."""
        return self._store.num_computed(sequence)

    def renew(self, sequence: KvSequence, tokens: list[int], *, is_in_place: bool) -> None:
        """Note that the next tokens of a renewal were computed."""
        sequence.num_reserved = len(tokens)
        if is_in_place:
            self._store.extend(sequence, tokens)
        else:
            self._store.renew(sequence, tokens)

    def stop_renewal(self, sequence: KvSequence) -> None:
        """Leave what is not computed again as it is."""
        self._store.drop_computed(sequence)
        self._store.join_islands(sequence)

    def check_integrity(self) -> None:
        """Check that every cell has its owners; for tests and for idle moments.

        Raises:
            AssertionError: With a sentence that says what is wrong.
        """
        self._store.check(self.sequences)
        assert self.num_cells_unclaimed >= 0, "no more cells are reserved than free"
        assert all(sequence.num_reserved == 0 for sequence in self._parked.values())
        assert all(key == parked.document_key for key, parked in self._parked.items())

    @property
    def _running_cells(self) -> set[int]:
        # A copy, because other threads ask for the number.
        running = list(self._running.values())
        return {cell for sequence in running for cell in sequence.needed_cells}

    def _try_admit(self, demand: Demand) -> Admission | None:
        plan = self._best_plan(demand)
        if plan.moved and not self._has_ids(demand, plan):
            plan = ReusePlan(plan.source, plan.num_kept)
        num_new = demand.num_cells - plan.num_reused
        if not self._has_ids(demand, plan) or not self._has_cells(num_new, plan):
            return None
        others = range(1, demand.num_answers)
        sequences = [self._start(plan, demand)]
        sequences += [self._start_new(demand.document_key) for _ in others]
        while self.num_cells_unclaimed < num_new:
            self._evict()
        if not self._store.has_places(num_new):
            self._store.reuse_places()
        for sequence in sequences:
            sequence.num_reserved = demand.answer_cells
            sequence.target = demand.prompt
        sequences[0].num_reserved += len(demand.prompt) - plan.num_reused
        return Admission(tuple(sequences), plan.num_reused - plan.num_shifted, plan.num_shifted)

    def _best_plan(self, demand: Demand) -> ReusePlan:
        """Return the plan that leaves least to compute.

        Among equals the document's own parked sequence comes first, then other parked ones.
        """
        own = self._parked.get(demand.document_key)
        others = [each for each in self.sequences if each is not own]
        plans = [] if own is None else [self._plan_own(own, demand, self._store.num_owners)]
        plans += [self._plan_prefix(other, demand) for other in others]
        best = ReusePlan()
        for plan in plans:
            if plan.num_reused > best.num_reused and self._is_there(plan):
                best = plan
        return best

    def _plan_own(
        self, own: KvSequence, demand: Demand, num_owners: Callable[[int], int]
    ) -> ReusePlan:
        if not (self._max_age and demand.may_splice):
            return self._plan_prefix(own, demand)
        return plan_splice(
            own,
            demand.prompt,
            demand.num_wanted,
            max_age=self._max_age,
            num_owners=num_owners,
        )

    def _plan_prefix(self, source: KvSequence, demand: Demand) -> ReusePlan:
        """Return a plan that uses what is exact of a sequence's beginning."""
        exact = source.tokens[: source.num_exact]
        return ReusePlan(source, common_prefix_length(exact, demand.prompt[: demand.num_wanted]))

    def _is_there(self, plan: ReusePlan) -> bool:
        return plan.source is None or self._store.can_resume(plan.source, plan.num_kept)

    def _has_ids(self, demand: Demand, plan: ReusePlan) -> bool:
        """Return whether enough ids are free, or would be after evictions."""
        takes_over = self._takes_over(plan, demand.document_key)
        num_needed = demand.num_answers - (1 if takes_over else 0) + len(plan.moved)
        kept = plan.source if takes_over else None
        evictable = (parked for parked in self._parked.values() if parked is not kept)
        num_evictable = sum(len(parked.all_ids) for parked in evictable)
        return self._store.num_free_ids + num_evictable >= num_needed

    def _has_cells(self, num_new: int, plan: ReusePlan) -> bool:
        """Return whether enough cells are free, or would be after evictions."""
        if self.num_cells_unclaimed >= num_new:
            return True
        num_held = len(self._running_cells | plan.held_cells) + self.num_cells_reserved
        return self.num_cells_total - num_held >= num_new

    def _takes_over(self, plan: ReusePlan, key: str) -> bool:
        """Return whether the source itself runs again, instead of lending its cells."""
        source = plan.source
        if source is None or self._parked.get(source.document_key) is not source:
            return False
        can_spare_an_id = self._store.num_free_ids > 0 or len(self._parked) > 1
        return source.document_key == key or not can_spare_an_id

    def _start(self, plan: ReusePlan, demand: Demand) -> KvSequence:
        """Return a running sequence that holds what the plan uses again."""
        source, key = plan.source, demand.document_key
        if source is None:
            return self._start_new(key)
        if self._takes_over(plan, key):
            del self._parked[source.document_key]
            source.document_key = key
            self._running[source.sequence_id] = source
            self._free_ids_for(len(plan.moved), besides=source)
            self._store.splice(source, plan)
            return source
        if source.document_key in self._parked:
            self._parked.move_to_end(source.document_key)
        sequence = self._start_new(key)
        self._store.copy(source, sequence, plan.num_kept)
        return sequence

    def _start_new(self, key: str) -> KvSequence:
        self._free_ids_for(1)
        sequence = self._store.new(key)
        self._running[sequence.sequence_id] = sequence
        return sequence

    def _free_ids_for(self, num_sequences: int, besides: KvSequence | None = None) -> None:
        while self._store.num_free_ids < num_sequences:
            self._evict(besides)

    def _evict(self, besides: KvSequence | None = None) -> None:
        """Free leftovers, but for one sequence's; then what is least recently used, copied out."""
        if self._drop_leftovers(besides):
            return
        key, sequence = self._parked.popitem(last=False)
        if len(sequence.tokens) >= _MIN_SAVED_TOKENS and self._saved.max_bytes:
            saved = self._store.save(sequence, self._saved.max_bytes)
            if saved is not None:
                self._saved.put(key, saved)
        self._leave(sequence)

    def _park(self, sequence: KvSequence) -> None:
        self._num_parkings += 1
        sequence.parking = self._num_parkings
        self._parked[sequence.document_key] = sequence

    def _leave(self, sequence: KvSequence) -> None:
        self._num_departed += 1
        self._store.drop(sequence)

    def _drop_leftovers(self, besides: KvSequence | None = None) -> bool:
        """Free the leftovers of one document, the least recently used first, if there are any."""
        for sequence in (*self._parked.values(), *self._running.values()):
            if sequence.leftovers and sequence is not besides:
                self._store.drop_leftovers(sequence)
                return True
        return False

    def _bring_back(self, demand: Demand) -> None:
        """Park a saved document again, if its next prompt gains by it and there is room."""
        key = demand.document_key
        saved = self._saved.get(key)
        if saved is None or key in self._parked or not self._store.can_copy_out:
            return
        gain = self._plan_saved(saved, demand).num_reused - self._best_plan(demand).num_reused
        has_id = self._store.num_free_ids or self._parked
        if gain < _MIN_SAVED_TOKENS or not has_id:
            return
        if not self._has_cells(len(saved.tokens), ReusePlan()):
            return
        while self.num_cells_unclaimed < len(saved.tokens) or not self._store.num_free_ids:
            self._evict()
        sequence = self._store.restore(saved, key)
        if sequence is not None:
            self._saved.drop(key)
            self._park(sequence)

    def _plan_saved(self, saved: SavedState, demand: Demand) -> ReusePlan:
        """Return the plan for a saved document as if it were parked."""
        tokens, ages = list(saved.tokens), list(saved.ages)
        cells = list(range(len(tokens)))
        parked = KvSequence(0, demand.document_key, tokens, cells, ages, saved.num_exact)
        return self._plan_own(parked, demand, lambda _cell: 1)
