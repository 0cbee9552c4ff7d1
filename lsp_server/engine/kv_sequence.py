"""Tokens whose keys and values lie in cells: one sequence, and islands behind a gap of it.

positions   0 1 2 3 4 5 6 7 8 9 ...
sequence    t t t t                    its tokens, contiguous from 0
islands             t t t   t t        kept from an older prompt, each in a sequence of its
                                       own until the gap before it is computed
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Island:
    """Tokens in a sequence of their own: behind a gap, or left over.

    Attributes:
        sequence_id: Its id in the runner.
        start: Position of its first token.
        tokens: Its tokens.
        cells: Our number of each token's cell.
        ages: How often each token was carried over a change before it.
    """

    sequence_id: int
    start: int
    tokens: list[int]
    cells: list[int]
    ages: list[int]

    @property
    def end(self) -> int:
        """Position after its last token."""
        return self.start + len(self.tokens)


@dataclass(slots=True, eq=False)
class KvSequence:
    """One sequence of the runner that owns cells.

    Attributes:
        sequence_id: Its id in the runner.
        document_key: The document it is parked for, or will be.
        tokens: The tokens that its cells hold; the index is the position.
        cells: Our number of each token's cell.
        ages: How often each token was carried over a change before it, 0 if it was computed
            for this prompt.
        num_exact: So many tokens at its beginning equal a full recompute.
        islands: What is kept behind the gap, in order of positions.
        leftovers: What older prompts of the document had and this one has not; gives way first.
        target: The prompt that it is computed for.
        parking: The number of its last parking among all of the cache.
        num_reserved: Cells that it may still take.
    """

    sequence_id: int
    document_key: str
    tokens: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    ages: list[int] = field(default_factory=list)
    num_exact: int = 0
    islands: list[Island] = field(default_factory=list)
    leftovers: list[Island] = field(default_factory=list)
    target: tuple[int, ...] = ()
    parking: int = 0
    num_reserved: int = 0

    @property
    def is_stale(self) -> bool:
        """Whether a full recompute of its tokens would give other keys and values."""
        return self.num_exact < len(self.tokens)

    @property
    def gap_end(self) -> int | None:
        """Position at which the next island begins, if there is one."""
        return self.islands[0].start if self.islands else None

    @property
    def needed_cells(self) -> list[int]:
        """Its cells and those of its islands."""
        return self.cells + [cell for island in self.islands for cell in island.cells]

    @property
    def side_sequences(self) -> list[Island]:
        """Its islands and leftovers."""
        return self.islands + self.leftovers

    @property
    def all_ids(self) -> list[int]:
        """Its id and those of its islands and leftovers."""
        return [self.sequence_id, *(each.sequence_id for each in self.side_sequences)]
