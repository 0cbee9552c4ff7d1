"""Models through llama.cpp, by llama-cpp-python's low-level interface.

One context with a unified KV cache in F16 and flash attention.  Cells are kept, copied, removed,
and moved where `shift_support` found that moved cells stay right.  A move is done by the next
`llama_decode`; that one must not be aborted, or some layers would be rotated twice.

Sliding-window models get a full-size cache, and every cell a second owner, the *keeper* of its
sequence: llama.cpp takes a cell outside the window that only one sequence owns for free and
would overwrite it.  Keeper ids lie above those that the scheduler uses.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import llama_cpp
import numpy as np

from lsp_server.engine.loaded_model import ReportProgress
from lsp_server.engine.machine import usable_cpus
from lsp_server.engine.neighbours import ThreadCount
from lsp_server.engine.runners.abort_flag import AbortFlag
from lsp_server.engine.runners.base import (
    BatchToken,
    Logits,
    RunnerLimits,
    SequenceState,
    ShiftSupport,
)
from lsp_server.engine.runners.llama_batch import LlamaBatch
from lsp_server.engine.runners.llama_library import (
    forget_errors,
    may_repack_weights,
    start_library,
    take_reason,
)
from lsp_server.engine.runners.llama_states import LlamaStates
from lsp_server.engine.runners.llama_vocabulary import LlamaVocabulary
from lsp_server.engine.runners.shift_support import find_shift_support
from lsp_server.errors import EngineError, EngineStoppedError, ModelLoadError, NoCellsError
from lsp_server.models.fim_detection import FimFinding

#: Answers and parked documents at one time; each id costs one row of logits in memory.
MAX_SEQUENCES = 32

#: The most tokens in one call.  The scheduler's steps are smaller.
MAX_BATCH_TOKENS = 256
#: With fewer weights threads wait as long as they compute: 2 threads write 1.0 times as fast as one
#: with 4.5 MiB, 1.2 times with 7 MiB, 1.7 times with 82 MiB.
_MIN_BYTES_PER_THREAD = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class LlamaFile:
    """A model file whose header was accepted.

    Attributes:
        path: Where it lies.
        name: The name that requests use, for messages.
        finding: Its format for filling in the middle.
    """

    path: Path
    name: str
    finding: FimFinding


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """How a model is loaded.

    Attributes:
        num_cells: KV cells to reserve.
        num_threads: CPU threads.
        max_sequences: Sequences that may own cells at one time.
        adapts_threads: Whether fewer threads compute where more are of no use, or where other
            programs keep cores busy.
    """

    num_cells: int
    num_threads: int
    max_sequences: int = MAX_SEQUENCES
    adapts_threads: bool = False


class LlamaCppRunner:
    """One model and one context of llama.cpp; see `Runner`."""

    def __init__(
        self,
        file: LlamaFile,
        settings: LlamaSettings,
        report_progress: ReportProgress = lambda _fraction: True,
    ) -> None:
        """Load a model.

        Args:
            file: What to load.
            settings: How it is loaded.
            report_progress: Takes the fraction that is loaded; returns whether to go on.

        Raises:
            ModelFileError: The vocabulary cannot be used.
            ModelLoadError: The library refused the file, or memory ran out.
            EngineStoppedError: `report_progress` said not to go on.
        """
        start_library()
        self._path = file.path
        self._settings = settings
        self._abort = AbortFlag()
        self._batch = LlamaBatch(MAX_BATCH_TOKENS)
        self._thread_count = (
            ThreadCount(settings.num_threads, len(usable_cpus()))
            if settings.adapts_threads
            else None
        )
        with contextlib.ExitStack() as stack:
            self._model = self._load_model(report_progress)
            stack.callback(llama_cpp.llama_model_free, self._model)
            self._num_window_tokens = self._check_memory_kind()
            self._vocabulary = LlamaVocabulary(self._model, file.finding, file.name)
            self._context = self._make_context()
            stack.callback(llama_cpp.llama_free, self._context)
            self._memory = llama_cpp.llama_get_memory(self._context)
            self._abort.attach(self._context)
            self._shift_support = find_shift_support(self._model, self._memory)
            self._has_pending_shift = False
            self._num_retired_cells = 0
            self._states = LlamaStates(self._context, self._num_window_tokens, self._num_ids)
            self._limits = self._read_limits()
            self._handles = stack.pop_all()

    @property
    def limits(self) -> RunnerLimits:
        """What this runner can hold."""
        return self._limits

    @property
    def vocabulary(self) -> LlamaVocabulary:
        """The model's tokens."""
        return self._vocabulary

    @property
    def shift_support(self) -> ShiftSupport:
        """Whether cells may move; see `Runner.shift_support`."""
        return self._shift_support

    @property
    def has_pending_shift(self) -> bool:
        """Whether cells were moved since the last `forward`."""
        return self._has_pending_shift

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        """Evaluate a batch; see `Runner.forward`."""
        self._check_batch(batch)
        self._renew_threads()
        self._abort.lower()
        forget_errors()
        with self._abort.detached(self._context, self._has_pending_shift):
            code = llama_cpp.llama_decode(self._context, self._batch.fill(batch))
            if code == 1 and self._num_retired_cells:
                # There was no other place; nothing has been computed.
                self.reuse_places()
                code = llama_cpp.llama_decode(self._context, self._batch.fill(batch))
        # Also a decode that finds no room has done the moves before it looked.
        self._has_pending_shift = self._has_pending_shift and code not in {0, 1}
        self._give_to_keepers(batch)
        match code:
            case 0:
                return self._logits(sum(token.wants_logits for token in batch))
            case 1:
                raise NoCellsError(
                    f"{self._path.name} has no room for {len(batch)} more tokens in its "
                    f"{self._limits.num_cells} KV cells: raise engine.context_tokens"
                )
            case 2:
                return None
            case _:
                raise EngineError(
                    f"llama.cpp failed on {self._path.name} with code {code}"
                    f"{take_reason()}; the engine's log says more"
                )

    def end_position(self, sequence_id: int) -> int:
        """Return the position after the sequence's last cell; 0 for an empty one."""
        self._check_id(sequence_id)
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence_id)) + 1

    def first_position(self, sequence_id: int) -> int:
        """Return the position of the sequence's first cell; 0 for an empty one."""
        self._check_id(sequence_id)
        return max(int(llama_cpp.llama_memory_seq_pos_min(self._memory, sequence_id)), 0)

    def can_resume(self, sequence_id: int, position: int) -> bool:
        """Return whether all cells that a token at `position` attends to are still there."""
        if self.end_position(sequence_id) < position:
            return False
        first = int(llama_cpp.llama_memory_seq_pos_min(self._memory, sequence_id))
        if self._num_window_tokens == 0:
            return first <= 0
        return first <= max(0, position - self._num_window_tokens + 1)

    def copy_cells(self, source: int, target: int, start: int, end: int) -> None:
        """Make `target` a second owner of the source's cells at positions [start, end)."""
        self._check_id(source)
        self._check_id(target)
        for owner in self._owners(target):
            llama_cpp.llama_memory_seq_cp(self._memory, source, owner, start, end)

    def remove_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up its cells at positions [start, end), or from start on."""
        self._check_id(sequence_id)
        for owner in self._owners(sequence_id):
            stop = -1 if end is None else end
            if not llama_cpp.llama_memory_seq_rm(self._memory, owner, start, stop):
                raise EngineError(
                    f"llama.cpp could not remove the cells {start} to {end} of sequence {owner}"
                )

    def retire_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        """Let the sequence give up cells; a sequence that nobody reads keeps their places."""
        self._check_id(sequence_id)
        # With a sliding window, llama.cpp takes the places of cells that have left it anyway.
        if self._num_window_tokens == 0:
            stop = self.end_position(sequence_id) if end is None else end
            llama_cpp.llama_memory_seq_cp(self._memory, sequence_id, self._retired_id, start, stop)
            self._num_retired_cells += max(stop - start, 0)
        self.remove_cells(sequence_id, start, end)

    @property
    def num_retired_cells(self) -> int:
        """Places that are left empty; those of shared cells are counted each time."""
        return self._num_retired_cells

    def reuse_places(self) -> None:
        """Let new cells take the places of retired ones."""
        if self._num_retired_cells:
            llama_cpp.llama_memory_seq_rm(self._memory, self._retired_id, -1, -1)
            self._num_retired_cells = 0

    def shift_cells(self, sequence_id: int, num_positions: int) -> None:
        """Move all cells of a sequence at the next `forward`; see `Runner.shift_cells`."""
        self._check_id(sequence_id)
        assert self._shift_support.is_allowed, self._shift_support.reason
        assert self.first_position(sequence_id) + num_positions >= 0, "no cell falls out"
        # The cells themselves move, so a keeper must not be told as well.
        llama_cpp.llama_memory_seq_add(self._memory, sequence_id, 0, -1, num_positions)
        self._has_pending_shift = True

    def state_bytes(self, sequence_id: int) -> int:
        """Return the size of what `save_state` returns."""
        self._check_id(sequence_id)
        return self._states.num_bytes(sequence_id)

    def save_state(self, sequence_id: int) -> SequenceState:
        """Return keys and values of a sequence; see `Runner.save_state`."""
        assert not self._has_pending_shift, "positions and rotation would not agree"
        return self._states.save(sequence_id)

    def restore_state(self, sequence_id: int, state: SequenceState) -> bool:
        """Fill an empty sequence with new cells; return whether there was room."""
        assert self.end_position(sequence_id) == 0, "only an empty sequence is restored"
        # What is pending would be done to the restored cells, which are in place already.
        assert not self._has_pending_shift, "positions and rotation would not agree"
        was_restored = self._states.restore(sequence_id, state)
        if not was_restored and self._num_retired_cells:
            self.reuse_places()
            was_restored = self._states.restore(sequence_id, state)
        for keeper in self._owners(sequence_id)[1:]:
            llama_cpp.llama_memory_seq_cp(self._memory, sequence_id, keeper, 0, -1)
        return was_restored

    def request_abort(self) -> None:
        """Make a running `forward` return soon; CPU only."""
        self._abort.raise_()

    def close(self) -> None:
        """Free model and context; also twice."""
        self._handles.close()

    def _load_model(self, report_progress: ReportProgress) -> object:
        was_given_up = False

        def on_progress(fraction: float, _data: object) -> bool:
            nonlocal was_given_up
            was_given_up = not report_progress(fraction)
            return not was_given_up

        params = llama_cpp.llama_model_default_params()
        params.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP
        params.use_extra_bufts = may_repack_weights()
        params.progress_callback = llama_cpp.llama_progress_callback(on_progress)
        forget_errors()
        model = llama_cpp.llama_model_load_from_file(bytes(self._path), params)
        if was_given_up:
            if model is not None:
                llama_cpp.llama_model_free(model)
            raise EngineStoppedError(f"loading {self._path.name} was given up")
        if model is None:
            raise ModelLoadError(
                f"llama.cpp cannot load {self._path}{take_reason()}; choose another "
                "file, or a model of an architecture that this version knows"
            )
        return model

    def _check_memory_kind(self) -> int:
        """Return the tokens of the model's sliding window, 0 for none.

        Raises:
            ModelLoadError: The model has no KV cache whose cells can be kept one by one.
        """
        if (
            llama_cpp.llama_model_is_recurrent(self._model)
            or llama_cpp.llama_model_is_hybrid(self._model)
            or llama_cpp.llama_model_has_encoder(self._model)
            or not llama_cpp.llama_model_has_decoder(self._model)
        ):
            raise ModelLoadError(
                f"{self._path.name} is not a plain decoder with a KV cache, so the text that was "
                "read cannot be used again from one keystroke to the next; choose a model such as "
                "DeepSeek-Coder, Qwen2.5-Coder or CodeGemma"
            )
        return int(llama_cpp.llama_model_n_swa(self._model))

    def _renew_threads(self) -> None:
        if self._thread_count is not None and self._thread_count.renew():
            num_threads = self._thread_count.num_threads
            num_alone = self._threads_of_one_token(num_threads)
            llama_cpp.llama_set_n_threads(self._context, num_alone, num_threads)

    def _threads_of_one_token(self, num_threads: int) -> int:
        """Return how many threads a step of one token gets, which reads all weights once."""
        if not self._settings.adapts_threads:
            return num_threads
        weight_bytes = int(llama_cpp.llama_model_size(self._model))
        return min(num_threads, max(weight_bytes // _MIN_BYTES_PER_THREAD, 1))

    def _make_context(self) -> object:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = self._settings.num_cells
        params.n_batch = MAX_BATCH_TOKENS
        params.n_ubatch = MAX_BATCH_TOKENS
        params.n_seq_max = self._num_ids + 2
        params.n_threads = self._threads_of_one_token(self._settings.num_threads)
        params.n_threads_batch = self._settings.num_threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        params.type_k = llama_cpp.GGML_TYPE_F16
        params.type_v = llama_cpp.GGML_TYPE_F16
        params.kv_unified = True
        params.swa_full = True
        params.no_perf = True
        forget_errors()
        context = llama_cpp.llama_init_from_model(self._model, params)
        if context is None:
            raise ModelLoadError(
                f"llama.cpp cannot make a KV cache of {self._settings.num_cells} cells for "
                f"{self._path.name}{take_reason()}; lower engine.context_tokens, or "
                "choose a smaller model"
            )
        return context

    def _read_limits(self) -> RunnerLimits:
        num_cells = int(llama_cpp.llama_n_ctx(self._context))
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model))
        return RunnerLimits(
            context_tokens=min(num_cells, trained),
            num_cells=num_cells,
            max_sequences=self._settings.max_sequences,
            max_batch_tokens=MAX_BATCH_TOKENS,
        )

    def _logits(self, num_rows: int) -> Logits:
        num_columns = self._vocabulary.size
        if num_rows == 0:
            return np.empty((0, num_columns), np.float32)
        pointer = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(pointer, shape=(num_rows, num_columns))

    @property
    def _num_ids(self) -> int:
        """Sequences and their keepers; one id more is for saving and restoring, one for places."""
        return self._settings.max_sequences * (2 if self._num_window_tokens else 1)

    @property
    def _retired_id(self) -> int:
        """The sequence that keeps the places of retired cells."""
        return self._num_ids + 1

    def _owners(self, sequence_id: int) -> tuple[int, ...]:
        if self._num_window_tokens:
            return (sequence_id, self._settings.max_sequences + sequence_id)
        return (sequence_id,)

    def _give_to_keepers(self, batch: Sequence[BatchToken]) -> None:
        """Give new cells their second owner; those of an aborted call that are left, too."""
        if not self._num_window_tokens:
            return
        starts: dict[int, int] = {}
        for token in batch:
            starts.setdefault(token.sequence_id, token.position)
        for sequence_id, start in starts.items():
            _, keeper = self._owners(sequence_id)
            llama_cpp.llama_memory_seq_cp(self._memory, sequence_id, keeper, start, -1)

    def _check_batch(self, batch: Sequence[BatchToken]) -> None:
        # The library ends the process on these, so they must not reach it.
        assert 0 < len(batch) <= MAX_BATCH_TOKENS, "the batch fits the context"
        for token in batch:
            self._check_id(token.sequence_id)

    def _check_id(self, sequence_id: int) -> None:
        assert 0 <= sequence_id < self._settings.max_sequences, f"no sequence {sequence_id}"
