"""Models through ctransformers 0.2.27, for machines where llama.cpp cannot be compiled.

Its llama.cpp of September 2023 keeps one sequence and gives the logits of the last token alone.
It loads, evaluates and gives logits; tokens, sampling and every check are ours, because it ends
the process over what it did not expect: a batch that is too large, an unknown token, a context
that is full.  Nothing of that reaches it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lsp_server.engine.runners.base import (
    BatchToken,
    Logits,
    RunnerLimits,
    SequenceState,
    ShiftSupport,
)
from lsp_server.engine.runners.bpe_vocabulary import BpeVocabulary
from lsp_server.engine.runners.ctransformers_library import import_library, library_name
from lsp_server.errors import EngineError, ModelLoadError, NoCellsError

#: The most tokens in one call; it aborts above 512.
MAX_BATCH_TOKENS = 512

#: Between two calls of so many tokens an abort is noticed; one call cannot be interrupted.
_PIECE_TOKENS = 32


@dataclass(frozen=True, slots=True)
class CtransformersFile:
    """A converted file that is known to be as we write it.

    Attributes:
        path: Where it lies.
        name: The name that requests use, for messages.
        context_tokens: The context that the model was trained for.
        vocabulary: Its tokens.
    """

    path: Path
    name: str
    context_tokens: int
    vocabulary: BpeVocabulary


class CtransformersRunner:
    """One model with one sequence; see `Runner`."""

    def __init__(self, file: CtransformersFile, *, num_cells: int, num_threads: int) -> None:
        """Load a model.

        Args:
            file: What to load.
            num_cells: KV cells to reserve.
            num_threads: CPU threads.

        Raises:
            ModelLoadError: ctransformers is not installed, does not run on this machine, refused
                the file, or sees another vocabulary than we do.
        """
        self._name = file.name
        self._vocabulary = file.vocabulary
        self._abort = threading.Event()
        self._limits = RunnerLimits(
            context_tokens=min(num_cells, file.context_tokens),
            num_cells=num_cells,
            max_sequences=1,
            max_batch_tokens=MAX_BATCH_TOKENS,
        )
        self._llm: Any = _load(file.path, num_cells, num_threads)
        if self._llm.vocab_size != self._vocabulary.size:
            raise ModelLoadError(
                f"ctransformers sees {self._llm.vocab_size} tokens in {file.path} and Bantam "
                f"{self._vocabulary.size}; use the engine llama.cpp for this model"
            )

    @property
    def limits(self) -> RunnerLimits:
        """What this runner can hold."""
        return self._limits

    @property
    def vocabulary(self) -> BpeVocabulary:
        """The model's tokens."""
        return self._vocabulary

    @property
    def shift_support(self) -> ShiftSupport:
        """The library has no means to move cells."""
        return ShiftSupport(False, "ctransformers cannot move cells")

    @property
    def has_pending_shift(self) -> bool:
        """Never."""
        return False

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        """Evaluate a batch; see `Runner.forward`.  Only the last token can have logits."""
        self._check_batch(batch)
        self._abort.clear()
        tokens = [token.token for token in batch]
        for start in range(0, len(tokens), _PIECE_TOKENS):
            if self._abort.is_set():
                return None
            self._evaluate(tokens[start : start + _PIECE_TOKENS])
        if not batch[-1].wants_logits:
            return np.empty((0, self._vocabulary.size), np.float32)
        return self._last_logits()

    def end_position(self, sequence_id: int) -> int:
        """Return the position after the sequence's last cell; 0 for an empty one."""
        self._check_id(sequence_id)
        return len(self._llm._context)

    def first_position(self, sequence_id: int) -> int:
        """Return 0: the sequence has all its cells."""
        self._check_id(sequence_id)
        return 0

    def can_resume(self, sequence_id: int, position: int) -> bool:
        """Return whether the sequence has every cell before `position`."""
        return position <= self.end_position(sequence_id)

    def copy_cells(self, source: int, target: int, start: int, end: int) -> None:
        """Refuse: there is no second sequence to copy to."""
        raise AssertionError(f"one sequence cannot be copied: {source} to {target}, {start}, {end}")

    def remove_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up its cells from `start` on; a hole cannot be made."""
        length = self.end_position(sequence_id)
        assert end is None or end >= length, "only the end of a sequence can be removed"
        # The library has no other memory of what it evaluated: the length of this list is where
        # the next tokens go, and cells behind it are overwritten before they are read.
        del self._llm._context[start:]

    def retire_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up cells; where others lie makes no difference here."""
        self.remove_cells(sequence_id, start, end)

    @property
    def num_retired_cells(self) -> int:
        """Return 0: no place is left empty."""
        return 0

    def reuse_places(self) -> None:
        """Do nothing; no place is left empty."""

    def shift_cells(self, sequence_id: int, num_positions: int) -> None:
        """Refuse; see `shift_support`."""
        raise AssertionError(f"cells cannot move: sequence {sequence_id} by {num_positions}")

    def state_bytes(self, sequence_id: int) -> int:
        """Return 0: the library cannot save one sequence."""
        self._check_id(sequence_id)
        return 0

    def save_state(self, sequence_id: int) -> SequenceState:
        """Refuse; see `state_bytes`."""
        raise AssertionError(f"sequence {sequence_id} cannot be saved")

    def restore_state(self, sequence_id: int, state: SequenceState) -> bool:
        """Refuse; see `state_bytes`."""
        raise AssertionError(f"{len(state)} pieces cannot be restored to sequence {sequence_id}")

    def request_abort(self) -> None:
        """Make a running `forward` return after the piece that it computes."""
        self._abort.set()

    def close(self) -> None:
        """Free model and context; also twice."""
        self._llm = None

    def _evaluate(self, tokens: list[int]) -> None:
        try:
            self._llm.eval(tokens)
        except RuntimeError as error:
            raise EngineError(
                f"ctransformers failed on {len(tokens)} tokens of {self._name}: {error}; try the "
                "engine llama.cpp"
            ) from error

    def _last_logits(self) -> Logits:
        num_logits = self._llm.ctransformers_llm_logits_size()
        if num_logits != self._vocabulary.size:
            raise EngineError(
                f"ctransformers gives {num_logits} logits for the {self._vocabulary.size} tokens "
                f"of {self._name}; use the engine llama.cpp for this model"
            )
        pointer = self._llm.ctransformers_llm_logits_data()
        return np.ctypeslib.as_array(pointer, shape=(1, num_logits)).copy()

    def _check_batch(self, batch: Sequence[BatchToken]) -> None:
        # The library ends the process on most of these, so they must not reach it.
        assert self._llm is not None, "a closed runner computes nothing"
        assert 0 < len(batch) <= MAX_BATCH_TOKENS, "the batch fits the library"
        assert not any(token.wants_logits for token in batch[:-1]), "only the last has logits"
        end = self.end_position(0)
        for offset, token in enumerate(batch):
            self._check_id(token.sequence_id)
            assert 0 <= token.token < self._vocabulary.size, f"unknown token {token.token}"
            if token.position != end + offset:
                raise EngineError(
                    f"position {token.position} does not follow the sequence's end {end + offset}"
                )
        if end + len(batch) > self._limits.num_cells:
            raise NoCellsError(
                f"{self._name} has no room for {len(batch)} more tokens after {end} in its "
                f"{self._limits.num_cells} KV cells: raise engine.context_tokens"
            )

    def _check_id(self, sequence_id: int) -> None:
        assert sequence_id == 0, f"no sequence {sequence_id}"


def _load(path: Path, num_cells: int, num_threads: int) -> Any:
    library = import_library()
    # Its own defaults are 512 cells, batches of 8 and threads for half of the processors.
    config = library.Config(
        context_length=num_cells, batch_size=MAX_BATCH_TOKENS, threads=num_threads
    )
    try:
        return library.LLM(str(path), "gguf", config=config, lib=library_name())
    except OSError as error:
        raise ModelLoadError(
            f"ctransformers has no compiled library that runs on this machine ({error}); use the "
            'engine llama.cpp (`--engine llama.cpp`, or engine.library = "llama.cpp")'
        ) from error
    except RuntimeError as error:
        raise ModelLoadError(
            f"ctransformers refused {path} and does not say why; delete it so that it is "
            "converted again, or use the engine llama.cpp"
        ) from error
