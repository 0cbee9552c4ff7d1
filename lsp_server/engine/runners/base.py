"""What the scheduler needs of a model library: forward a batch, move KV cells, and a vocabulary.

The scheduler knows nothing else of a model.  A runner belongs to one thread; only
`request_abort` may be called from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lsp_server.engine.api import MarkerRole

Logits = npt.NDArray[np.float32]
#: Keys and values of a sequence outside the runner, in bytes, in as many pieces as it was read in.
SequenceState = tuple[npt.NDArray[np.uint8], ...]


class Vocabulary(Protocol):
    """A model's tokens.  Safe to call from any thread."""

    @property
    def size(self) -> int:
        """Number of tokens."""
        ...

    @property
    def bos_token(self) -> int | None:
        """The token that every prompt starts with, or `None` if the model wants none."""
        ...

    @property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end an answer: end of generation and the FIM markers."""
        ...

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of document text, without BOS or a leading space.

        Never a control token, and of the user-defined ones only white space and single
        characters, which mean themselves.
        """
        ...

    def tokenize_template(self, text: str) -> list[int]:
        """Return the tokens of a chat template's own text, special tokens included.

        Never call it with text of a document.
        """
        ...

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a token; control tokens and markers have none."""
        ...

    def marker_token(self, role: MarkerRole) -> int | None:
        """Return the token of a role, or `None` if this model has none."""
        ...


@dataclass(frozen=True, slots=True)
class RunnerLimits:
    """What one runner can hold.

    Attributes:
        context_tokens: Highest number of positions of one sequence.
        num_cells: KV cells, shared by all sequences.
        max_sequences: Sequence ids are below this.
        max_batch_tokens: Tokens in one forward call.
    """

    context_tokens: int
    num_cells: int
    max_sequences: int
    max_batch_tokens: int


@dataclass(frozen=True, slots=True)
class ShiftSupport:
    """Whether KV cells may move to other positions, and why or why not, for people."""

    is_allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class BatchToken:
    """One token to evaluate.

    Attributes:
        token: Token id.
        position: Its position in the sequence; the largest position there plus one.
        sequence_id: The sequence it belongs to.
        wants_logits: Whether a row of logits is asked for.
    """

    token: int
    position: int
    sequence_id: int
    wants_logits: bool


class Runner(Protocol):
    """One loaded model with its KV cache."""

    @property
    def limits(self) -> RunnerLimits:
        """What this runner can hold."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        ...

    @property
    def shift_support(self) -> ShiftSupport:
        """Whether `shift_cells` may be called; never, if the model would answer wrongly then."""
        ...

    @property
    def has_pending_shift(self) -> bool:
        """Whether cells were moved since the last `forward`, which does the moving."""
        ...

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        """Evaluate a batch; changes the KV cache.

        Returns:
            Logits of the tokens that wanted them, in batch order, `[n_wanted, n_vocab]`; they
            stay valid until the next call.  `None` if the call was aborted: then cells of the
            batch may be missing, and the caller asks `end_position`.

        Raises:
            NoCellsError: No room; nothing was changed.
            EngineError: The library failed.
        """
        ...

    def end_position(self, sequence_id: int) -> int:
        """Return the position after the sequence's last cell; 0 for an empty one."""
        ...

    def first_position(self, sequence_id: int) -> int:
        """Return the position of the sequence's first cell; 0 for an empty one."""
        ...

    def can_resume(self, sequence_id: int, position: int) -> bool:
        """Return whether all cells that a token at `position` attends to are still there.

        Sliding-window caches forget cells that lie outside the window.
        """
        ...

    def copy_cells(self, source: int, target: int, start: int, end: int) -> None:
        """Make `target` a second owner of the source's cells at positions [start, end)."""
        ...

    def remove_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up its cells at positions [start, end), or from start on."""
        ...

    def retire_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up cells, and leave their places empty as long as there are others.

        llama.cpp puts new tokens into the first place that was freed, and adds up attention in the
        order of places, with rounding that swallows old text behind new (docs/engine-facts.md).
        """
        ...

    @property
    def num_retired_cells(self) -> int:
        """Places that are left empty, or more."""
        ...

    def reuse_places(self) -> None:
        """Let new cells take the places of retired ones."""
        ...

    def shift_cells(self, sequence_id: int, num_positions: int) -> None:
        """Move all cells of a sequence to higher (or lower) positions, at the next `forward`.

        Nobody else may own them: the cells themselves move.
        """
        ...

    def state_bytes(self, sequence_id: int) -> int:
        """Return the size of what `save_state` returns; 0 if this runner cannot save."""
        ...

    def save_state(self, sequence_id: int) -> SequenceState:
        """Return keys and values of a sequence; never with a shift pending."""
        ...

    def restore_state(self, sequence_id: int, state: SequenceState) -> bool:
        """Fill an empty sequence with new cells; return whether there was room."""
        ...

    def request_abort(self) -> None:
        """Make a running `forward` return soon; no effect otherwise.  Any thread may call it."""
        ...

    def close(self) -> None:
        """Free model and context; also twice, also after a failed start."""
        ...
