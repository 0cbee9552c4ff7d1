"""How many owners every KV cell has, and which cells are free.

The numbers are our own count; the library places cells as it likes.
"""

from __future__ import annotations

from collections.abc import Iterable


class CellLedger:
    """The cells of one runner."""

    def __init__(self, num_cells: int) -> None:
        """Start with all cells free."""
        self._free = list(range(num_cells - 1, -1, -1))
        self._num_owners = [0] * num_cells

    @property
    def num_cells(self) -> int:
        """Cells there are."""
        return len(self._num_owners)

    @property
    def num_free(self) -> int:
        """Cells without an owner."""
        return len(self._free)

    def take(self) -> int:
        """Return a free cell, which now has one owner."""
        cell = self._free.pop()
        self._num_owners[cell] = 1
        return cell

    def num_owners(self, cell: int) -> int:
        """Return how many sequences own a cell."""
        return self._num_owners[cell]

    def add_owner(self, cells: Iterable[int]) -> None:
        """Give each cell one more owner."""
        for cell in cells:
            self._num_owners[cell] += 1

    def remove_owner(self, cells: Iterable[int]) -> None:
        """Take one owner from each cell; cells without any are free."""
        for cell in cells:
            self._num_owners[cell] -= 1
            if self._num_owners[cell] == 0:
                self._free.append(cell)

    def check(self, owned: Iterable[list[int]]) -> None:
        """Check the count against the cells of every sequence.

        Raises:
            AssertionError: With a sentence that says what is wrong.
        """
        owners = [0] * len(self._num_owners)
        for cells in owned:
            assert len(set(cells)) == len(cells), "no cell twice in a sequence"
            for cell in cells:
                owners[cell] += 1
        assert owners == self._num_owners, "owners are counted right"
        free = {cell for cell, count in enumerate(owners) if count == 0}
        assert free == set(self._free), "free cells are those without an owner"
        assert len(free) == len(self._free), "no cell is free twice"
