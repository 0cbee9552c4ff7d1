"""Where the model is asked: lines of held-out source that are hidden, with much text around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.agreement_bench.edits import Moment, last_changes
from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.holes import LineHole, choose_holes


@dataclass(frozen=True, slots=True)
class Place:
    """A hidden line, and the document without it, as it is at the end of all changes.

    Attributes:
        project: Held-out project.
        path: File in it.
        line_idx: Index of the line.
        text: The document; the line has only its indentation.
        cursor: Offset of the end of that line.
        expected: What is hidden.
    """

    project: str
    path: str
    line_idx: int
    text: str
    cursor: int
    expected: str

    @property
    def key(self) -> str:
        """Names it."""
        return f"{self.project}/{self.path}:{self.line_idx + 1}"

    def last_changes(self, num_changes: int, seed: int) -> list[Moment]:
        """Return the document before its last changes, and after each of them."""
        return last_changes(self.text, self.cursor, num_changes, f"{seed} {self.key}")


def candidate_places(files: Sequence[SourceFile], seed: int) -> list[Place]:
    """Return every place of some files, one in a function at most, shuffled by a seed."""
    return [_place(hole) for hole in choose_holes(files, num_holes=1_000_000, seed=seed)]


def _place(hole: LineHole) -> Place:
    before = hole.prefix + hole.indent
    return Place(
        project=hole.project,
        path=hole.path,
        line_idx=hole.line_idx,
        text=before + hole.suffix,
        cursor=len(before),
        expected=hole.expected,
    )
