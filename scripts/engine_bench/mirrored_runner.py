"""A runner that computes every step twice: for the engine, and bare.

The bare step is one `llama_decode` of the same batch, in sequences and cells of its own, in the
same context and thread, right after the engine's.  So both see the same model, the same depth and
the same moment, and a step is compared with its neighbour.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import llama_cpp

from lsp_server.engine.runners.base import (
    BatchToken,
    Logits,
    RunnerLimits,
    SequenceState,
    ShiftSupport,
    Vocabulary,
)
from lsp_server.engine.runners.llama_batch import LlamaBatch
from lsp_server.engine.runners.llama_cpp import MAX_BATCH_TOKENS, LlamaCppRunner

#: The library's own, also while a stopwatch is on the one that the engine calls.
_LLAMA_DECODE = llama_cpp.llama_decode


@dataclass(frozen=True, slots=True)
class StepTimes:
    """One step that was computed twice.

    Attributes:
        num_sequences: Sequences that decode in it, one token each; 0 if it reads a prompt.
        engine_ms: From the end of the step before to the end of the engine's own decode.
        bare_ms: The bare `llama_decode`.
        other_thread_s: Processor time of the thread that sends, so far, in seconds.
    """

    num_sequences: int
    engine_ms: float
    bare_ms: float
    other_thread_s: float


class MirroredRunner:
    """Implements `Runner` with half of another one's sequences and cells.

    Attributes:
        steps: The times of all steps, for whoever measures to take out.
    """

    def __init__(self, inner: LlamaCppRunner, other_thread_s: Callable[[], float]) -> None:
        """Take a runner of a model without sliding window.

        Args:
            inner: Is closed with this one.
            other_thread_s: Returns the processor time of the thread that sends.
        """
        self.steps: list[StepTimes] = []
        self._inner = inner
        self._other_thread_s = other_thread_s
        self._num_sequences = inner.limits.max_sequences // 2
        # What is measured is the library without our class around it.
        self._context = inner._context
        self._batch = LlamaBatch(MAX_BATCH_TOKENS)
        self._returned_s = time.perf_counter()

    @property
    def limits(self) -> RunnerLimits:
        """What the engine may use; the other half is for the bare steps."""
        limits = self._inner.limits
        return dataclasses.replace(
            limits, max_sequences=self._num_sequences, num_cells=limits.num_cells // 2
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        return self._inner.vocabulary

    @property
    def shift_support(self) -> ShiftSupport:
        """Cells of two sequences would have to move at once."""
        return ShiftSupport(False, "every step is computed twice")

    @property
    def has_pending_shift(self) -> bool:
        """Never."""
        return False

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        """Evaluate a batch twice and note both times."""
        logits = self._inner.forward(batch)
        engine_ms = (time.perf_counter() - self._returned_s) * 1_000.0
        kept = self.compute_again(batch, logits, engine_ms)
        self._returned_s = time.perf_counter()
        return kept

    def compute_again(
        self, batch: Sequence[BatchToken], logits: Logits | None, engine_ms: float
    ) -> Logits | None:
        """Compute a batch in the other half, and note both times.

        Returns:
            A copy of the logits, whose place the bare step takes.
        """
        kept = None if logits is None else logits.copy()
        is_decoding = all(token.wants_logits for token in batch)
        self.steps.append(
            StepTimes(
                num_sequences=len(batch) if is_decoding else 0,
                engine_ms=engine_ms,
                bare_ms=self._decode_bare(batch),
                other_thread_s=self._other_thread_s(),
            )
        )
        return kept

    def end_position(self, sequence_id: int) -> int:
        """Return the position after the sequence's last cell; 0 for an empty one."""
        return self._inner.end_position(sequence_id)

    def first_position(self, sequence_id: int) -> int:
        """Return the position of the sequence's first cell; 0 for an empty one."""
        return self._inner.first_position(sequence_id)

    def can_resume(self, sequence_id: int, position: int) -> bool:
        """Return whether all cells that a token at `position` attends to are still there."""
        return self._inner.can_resume(sequence_id, position)

    def copy_cells(self, source: int, target: int, start: int, end: int) -> None:
        """Make `target` a second owner of the source's cells, in both halves."""
        for ours, theirs in zip(self._pair(source), self._pair(target), strict=True):
            self._inner.copy_cells(ours, theirs, start, end)

    def remove_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up cells, in both halves."""
        for each in self._pair(sequence_id):
            self._inner.remove_cells(each, start, end)

    def retire_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up cells, in both halves."""
        for each in self._pair(sequence_id):
            self._inner.retire_cells(each, start, end)

    @property
    def num_retired_cells(self) -> int:
        """Places that are left empty in both halves, or more."""
        return self._inner.num_retired_cells

    def reuse_places(self) -> None:
        """Let new cells take the places of retired ones."""
        self._inner.reuse_places()

    def shift_cells(self, sequence_id: int, num_positions: int) -> None:
        """Never called; see `shift_support`."""
        raise AssertionError(f"sequence {sequence_id} cannot move by {num_positions}")

    def state_bytes(self, sequence_id: int) -> int:
        """Return 0: nothing can be saved."""
        assert sequence_id < self._num_sequences, "the engine keeps to its half"
        return 0

    def save_state(self, sequence_id: int) -> SequenceState:
        """Never called; see `state_bytes`."""
        raise AssertionError(f"sequence {sequence_id} cannot be saved")

    def restore_state(self, sequence_id: int, state: SequenceState) -> bool:
        """Never called; see `state_bytes`."""
        raise AssertionError(f"sequence {sequence_id} cannot take {len(state)} pieces")

    def request_abort(self) -> None:
        """Make a running `forward` return soon."""
        self._inner.request_abort()

    def close(self) -> None:
        """Free model and context."""
        self._inner.close()

    def _pair(self, sequence_id: int) -> tuple[int, int]:
        assert sequence_id < self._num_sequences, "the engine keeps to its half"
        return (sequence_id, self._num_sequences + sequence_id)

    def _decode_bare(self, batch: Sequence[BatchToken]) -> float:
        """Return the milliseconds of the library alone for a batch in the other half."""
        mirrored = [
            dataclasses.replace(token, sequence_id=self._pair(token.sequence_id)[1])
            for token in batch
        ]
        filled = self._batch.fill(mirrored)
        started_s = time.perf_counter()
        code = _LLAMA_DECODE(self._context, filled)
        ms = (time.perf_counter() - started_s) * 1_000.0
        assert code == 0, f"llama_decode returned {code}"
        return ms
