"""The mechanics of KV sequences: extend, copy, cut, splice, save.  It knows no policy.

Everything here is done twice, in the runner and in our own count, and `check` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable

from lsp_server.engine.cell_ledger import CellLedger
from lsp_server.engine.kv_sequence import Island, KvSequence
from lsp_server.engine.reuse_plan import HeldRun, ReusePlan
from lsp_server.engine.runners.base import Runner
from lsp_server.engine.saved_states import SavedState


class KvStore:
    """Ids and cells of one runner."""

    def __init__(self, runner: Runner) -> None:
        """Start with all ids and cells free."""
        self._runner = runner
        self.limits = runner.limits
        self._free_ids = list(range(self.limits.max_sequences - 1, -1, -1))
        self._ledger = CellLedger(self.limits.num_cells)

    @property
    def num_free_ids(self) -> int:
        """Sequences that can be made."""
        return len(self._free_ids)

    @property
    def free_ids(self) -> tuple[int, ...]:
        """Ids of no sequence; whoever uses them gives them back empty."""
        return tuple(self._free_ids)

    @property
    def num_free_cells(self) -> int:
        """Cells without an owner."""
        return self._ledger.num_free

    def num_owners(self, cell: int) -> int:
        """Return how many sequences own a cell."""
        return self._ledger.num_owners(cell)

    @property
    def can_copy_out(self) -> bool:
        """Whether sequences can be saved and restored now."""
        # With a shift pending, positions and keys would not agree.
        return not self._runner.has_pending_shift

    def can_resume(self, sequence: KvSequence, position: int) -> bool:
        """Return whether all cells that a token at `position` attends to are still there."""
        return self._runner.can_resume(sequence.sequence_id, position)

    def new(self, key: str) -> KvSequence:
        """Return an empty sequence."""
        return KvSequence(self._free_ids.pop(), key)

    def extend(self, sequence: KvSequence, tokens: Iterable[int]) -> None:
        """Note that the runner has computed tokens at the sequence's end."""
        is_exact = sequence.num_exact == len(sequence.tokens)
        for token in tokens:
            assert sequence.num_reserved > 0, "a sequence took more cells than it reserved"
            assert len(sequence.tokens) != sequence.gap_end, "no token is computed over an island"
            sequence.tokens.append(token)
            sequence.cells.append(self._ledger.take())
            sequence.ages.append(0)
            sequence.num_reserved -= 1
        if is_exact:
            sequence.num_exact = len(sequence.tokens)
        self.join_islands(sequence)

    def extend_aborted(self, sequence: KvSequence, tokens: list[int]) -> None:
        """Note that of `tokens` only those were computed that the runner now has cells for."""
        self.extend(sequence, tokens[: self.num_computed(sequence)])

    def copy(self, source: KvSequence, target: KvSequence, num_tokens: int) -> None:
        """Make an empty sequence a second owner of another one's first cells."""
        assert not target.tokens, "only an empty sequence can be given cells"
        self._runner.copy_cells(source.sequence_id, target.sequence_id, 0, num_tokens)
        target.tokens.extend(source.tokens[:num_tokens])
        target.cells.extend(source.cells[:num_tokens])
        target.ages.extend(source.ages[:num_tokens])
        target.num_exact = min(source.num_exact, num_tokens)
        self._ledger.add_owner(target.cells)

    def truncate(self, sequence: KvSequence, num_kept: int) -> None:
        """Let a sequence give up all cells but its first ones; its islands stay."""
        if num_kept == len(sequence.tokens):
            return
        self._runner.remove_cells(sequence.sequence_id, num_kept, None)
        self._ledger.remove_owner(sequence.cells[num_kept:])
        del sequence.cells[num_kept:]
        del sequence.tokens[num_kept:]
        del sequence.ages[num_kept:]
        sequence.num_exact = min(sequence.num_exact, num_kept)

    def splice(self, sequence: KvSequence, plan: ReusePlan) -> None:
        """Leave a sequence only what a plan uses of it, each run at its new place."""
        islands = [self._cut_out(run) for run in plan.moved]
        leftovers = self._leave(sequence, plan)
        if plan.moved:
            self._retire_unused(sequence, plan)
        self.truncate(sequence, plan.num_kept)
        self._drop_all(sequence.islands)
        self._drop_all(each for each in sequence.leftovers if each not in leftovers)
        # Only now does each cell have one owner, so that a shift moves it for nobody else.
        for island, run in zip(islands, plan.moved, strict=True):
            if run.num_positions:
                self._runner.shift_cells(island.sequence_id, run.num_positions)
        sequence.islands = islands
        sequence.leftovers = leftovers
        self.join_islands(sequence)

    @property
    def num_retired_cells(self) -> int:
        """Free cells whose places are left empty, or more."""
        return self._runner.num_retired_cells

    def has_places(self, num_tokens: int) -> bool:
        """Return whether so many new cells will lie in one row, behind all older ones."""
        num_used = self.limits.num_cells - self._ledger.num_free
        num_taken = num_used + self._runner.num_retired_cells
        return num_used > 0 and num_taken + num_tokens <= self.limits.num_cells

    def reuse_places(self) -> None:
        """Let new cells take the places of retired ones."""
        self._runner.reuse_places()

    def drop_leftovers(self, sequence: KvSequence) -> None:
        """Free what a sequence does not use."""
        self._drop_all(sequence.leftovers)
        sequence.leftovers = []

    def set_apart_stale(self, sequence: KvSequence) -> None:
        """Make an island of what is stale of a sequence without islands; there is a free id."""
        assert sequence.is_stale and not sequence.islands, "islands are behind what is stale"
        start = sequence.num_exact
        tokens, cells = sequence.tokens[start:], sequence.cells[start:]
        run = HeldRun(sequence.sequence_id, start, start, tokens, cells, sequence.ages[start:])
        island = self._cut_out(run)
        self.truncate(sequence, start)
        sequence.islands = [island]

    def vacate(self, sequence: KvSequence, num_tokens: int) -> None:
        """Give up an island's first tokens; what is computed next takes their places."""
        island = sequence.islands.pop()
        self._runner.remove_cells(island.sequence_id, island.start, island.start + num_tokens)
        self._leave_rest(sequence, island, num_tokens)

    def renew(self, sequence: KvSequence, tokens: list[int]) -> None:
        """Note that the runner has computed the first tokens of an island in the sequence itself.

        Args:
            sequence: It has reserved cells for them, and the island begins at its end.
            tokens: What was computed; it leaves the island.
        """
        island = sequence.islands.pop()
        self.extend(sequence, tokens)
        self._runner.retire_cells(island.sequence_id, island.start, island.start + len(tokens))
        self._leave_rest(sequence, island, len(tokens))

    def num_computed(self, sequence: KvSequence) -> int:
        """Return how many tokens the runner has cells for that are not noted yet."""
        num_tokens = self._runner.end_position(sequence.sequence_id) - len(sequence.tokens)
        return max(num_tokens, 0)

    def drop_computed(self, sequence: KvSequence) -> None:
        """Free the cells of tokens that are not noted."""
        if self.num_computed(sequence):
            self._runner.remove_cells(sequence.sequence_id, len(sequence.tokens), None)

    def join_islands(self, sequence: KvSequence) -> None:
        """Take in the islands whose gap is closed."""
        while sequence.gap_end == len(sequence.tokens):
            island = sequence.islands.pop(0)
            self._runner.copy_cells(
                island.sequence_id, sequence.sequence_id, island.start, island.end
            )
            self._runner.remove_cells(island.sequence_id, 0, None)
            self._free_ids.append(island.sequence_id)
            sequence.tokens += island.tokens
            sequence.cells += island.cells
            sequence.ages += island.ages

    def drop(self, sequence: KvSequence) -> None:
        """Free a sequence's id and the cells that nobody else owns, whose places others take."""
        self._drop_all(sequence.side_sequences)
        sequence.islands = []
        sequence.leftovers = []
        if sequence.tokens or self._runner.end_position(sequence.sequence_id):
            self._runner.remove_cells(sequence.sequence_id, 0, None)
        self._ledger.remove_owner(sequence.cells)
        sequence.num_reserved = 0
        self._free_ids.append(sequence.sequence_id)

    def save(self, sequence: KvSequence, max_bytes: int) -> SavedState | None:
        """Return a copy without islands and leftovers, or `None` if that is impossible."""
        if not self.can_copy_out:
            return None
        if not 0 < self._runner.state_bytes(sequence.sequence_id) <= max_bytes:
            return None
        state = self._runner.save_state(sequence.sequence_id)
        return SavedState(tuple(sequence.tokens), tuple(sequence.ages), sequence.num_exact, state)

    def can_move_together(self, sequence: KvSequence) -> bool:
        """Return whether a sequence can be copied into other cells: they are its own alone."""
        has_own_cells = all(self._ledger.num_owners(cell) == 1 for cell in sequence.cells)
        return self.can_copy_out and has_own_cells

    def move_together(self, sequence: KvSequence) -> bool:
        """Copy a sequence out and back into the lowest free cells; return whether it is there.

        If not, the runner's sequence is empty, and this one is to be dropped.
        """
        state = self._runner.save_state(sequence.sequence_id)
        self._runner.remove_cells(sequence.sequence_id, 0, None)
        self._runner.reuse_places()
        return self._runner.restore_state(sequence.sequence_id, state)

    def restore(self, saved: SavedState, key: str) -> KvSequence | None:
        """Return a sequence made of a saved one, or `None` if the runner had no room."""
        sequence = self.new(key)
        if not self._runner.restore_state(sequence.sequence_id, saved.state):
            self._free_ids.append(sequence.sequence_id)
            return None
        sequence.tokens = list(saved.tokens)
        sequence.ages = list(saved.ages)
        sequence.num_exact = saved.num_exact
        sequence.cells = [self._ledger.take() for _ in saved.tokens]
        return sequence

    def check(self, sequences: tuple[KvSequence, ...]) -> None:
        """Check that our count and the runner agree, given all sequences that there are.

        Raises:
            AssertionError: With a sentence that says what is wrong.
        """
        self._ledger.check(
            [
                *(sequence.cells for sequence in sequences),
                *(side.cells for sequence in sequences for side in sequence.side_sequences),
            ]
        )
        for sequence in sequences:
            assert len(sequence.cells) == len(sequence.tokens), "each token has one cell"
            assert len(sequence.ages) == len(sequence.tokens), "each token has an age"
            assert sequence.num_exact <= len(sequence.tokens), "no more is exact than there is"
            self._check_range(sequence.sequence_id, 0, len(sequence.tokens))
            is_renewed = bool(sequence.islands) and not sequence.is_stale
            touches = sequence.gap_end == len(sequence.tokens)
            assert is_renewed or not touches, "an island without a gap has joined"
            end = len(sequence.tokens)
            for island in sequence.islands:
                assert island.start >= end, "islands follow each other"
                end = island.end
            for side in sequence.side_sequences:
                self._check_range(side.sequence_id, side.start, side.end)
        used_ids = [each for sequence in sequences for each in sequence.all_ids]
        ids = sorted(self._free_ids + used_ids)
        assert ids == list(range(self.limits.max_sequences)), "every id is free or in use"
        for free_id in self._free_ids:
            assert self._runner.end_position(free_id) == 0, "a free sequence has no cells"

    def _check_range(self, sequence_id: int, start: int, end: int) -> None:
        first = self._runner.first_position(sequence_id)
        last = self._runner.end_position(sequence_id)
        assert (first, last) == (start, end), (
            f"sequence {sequence_id} has positions {start} to {end} here and {first} to {last} in "
            "the runner"
        )

    def _cut_out(self, run: HeldRun) -> Island:
        """Give a run a sequence of its own; its old owner still has it."""
        sequence_id = self._free_ids.pop()
        old_end = run.old_start + len(run.tokens)
        self._runner.copy_cells(run.sequence_id, sequence_id, run.old_start, old_end)
        self._ledger.add_owner(run.cells)
        return Island(sequence_id, run.new_start, run.tokens, run.cells, run.ages)

    def _leave_rest(self, sequence: KvSequence, island: Island, num_gone: int) -> None:
        """Leave a sequence an island without its first tokens, which the runner has no longer."""
        self._ledger.remove_owner(island.cells[:num_gone])
        if num_gone == len(island.tokens):
            self._free_ids.append(island.sequence_id)
            return
        start = island.start + num_gone
        rest = (island.tokens[num_gone:], island.cells[num_gone:], island.ages[num_gone:])
        sequence.islands = [Island(island.sequence_id, start, *rest)]

    def _retire_unused(self, sequence: KvSequence, plan: ReusePlan) -> None:
        """Give up what lies between the runs of a plan: no later text may take these places."""
        own = (run for run in (*plan.moved, *plan.left) if run.sequence_id == sequence.sequence_id)
        used = sorted((run.old_start, run.old_start + len(run.tokens)) for run in own)
        start = plan.num_kept
        for used_start, used_end in (*used, (len(sequence.tokens), len(sequence.tokens))):
            if start < used_start:
                self._runner.retire_cells(sequence.sequence_id, start, used_start)
            start = max(start, used_end)

    def _leave(self, sequence: KvSequence, plan: ReusePlan) -> list[Island]:
        """Return a plan's runs that are left; those that no id is free for are lost."""
        leftovers = []
        for run in plan.left:
            whole = next((each for each in sequence.leftovers if each.cells == run.cells), None)
            if whole is not None and not plan.moved:
                leftovers.append(whole)  # Nothing before it changed: it is not older either.
            elif self._free_ids:
                leftovers.append(self._cut_out(run))
        return leftovers

    def _drop_all(self, islands: Iterable[Island]) -> None:
        for island in islands:
            self._runner.retire_cells(island.sequence_id, 0, None)
            self._ledger.remove_owner(island.cells)
            self._free_ids.append(island.sequence_id)
