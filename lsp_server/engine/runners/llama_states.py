"""Copying one sequence's keys and values out of llama.cpp and back.

Of a sliding-window layer the library saves only the cells inside the window that ends with the
sequence, and a sequence restored from them could not be cut back.  So such a sequence is saved
in pieces as long as the window, each from a scratch sequence that ends with the piece.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import llama_cpp
import numpy as np
import numpy.typing as npt

from lsp_server.engine.runners.base import SequenceState
from lsp_server.errors import EngineError

_Bytes = npt.NDArray[np.uint8]
_BytesPointer = ctypes.POINTER(ctypes.c_uint8)


class LlamaStates:
    """Saves and restores the sequences of one context."""

    def __init__(self, context: object, num_window_tokens: int, scratch_id: int) -> None:
        """Start.

        Args:
            context: A `llama_context` pointer.
            num_window_tokens: Tokens of the model's sliding window, 0 for none.
            scratch_id: A sequence that nobody else uses, below the context's `n_seq_max`.
        """
        self._context = context
        self._memory = llama_cpp.llama_get_memory(context)
        self._num_window_tokens = num_window_tokens
        self._scratch_id = scratch_id

    def num_bytes(self, sequence_id: int) -> int:
        """Return how large a sequence's state is."""
        return sum(
            int(llama_cpp.llama_state_seq_get_size(self._context, piece_id))
            for piece_id in self._pieces(sequence_id)
        )

    def save(self, sequence_id: int) -> SequenceState:
        """Return the state of a sequence that begins at position 0; no shift may be pending.

        Raises:
            EngineError: The library did not write it.
        """
        return tuple(self._read(each) for each in self._pieces(sequence_id))

    def restore(self, sequence_id: int, state: SequenceState) -> bool:
        """Fill an empty sequence with new cells; return whether there was room."""
        for piece in state:
            if not self._restore_piece(sequence_id, piece):
                llama_cpp.llama_memory_seq_rm(self._memory, sequence_id, 0, -1)
                return False
        return True

    def _pieces(self, sequence_id: int) -> Iterator[int]:
        """Yield sequences that together are this one; each lives until the next."""
        if not self._num_window_tokens:
            yield sequence_id
            return
        end = int(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence_id)) + 1
        for start in range(0, end, self._num_window_tokens):
            llama_cpp.llama_memory_seq_cp(
                self._memory, sequence_id, self._scratch_id, start, start + self._num_window_tokens
            )
            try:
                yield self._scratch_id
            finally:
                llama_cpp.llama_memory_seq_rm(self._memory, self._scratch_id, 0, -1)

    def _read(self, sequence_id: int) -> _Bytes:
        size = int(llama_cpp.llama_state_seq_get_size(self._context, sequence_id))
        # Hundreds of MB are common, so nothing is copied twice, and NumPy takes large pages for it.
        piece = np.empty(size, np.uint8)
        buffer = piece.ctypes.data_as(_BytesPointer)
        written = llama_cpp.llama_state_seq_get_data(self._context, buffer, size, sequence_id)
        if written != size:
            raise EngineError(
                f"llama.cpp saved {written} of the {size} bytes of sequence {sequence_id}"
            )
        return piece

    def _restore_piece(self, sequence_id: int, piece: _Bytes) -> bool:
        target = self._scratch_id if self._num_window_tokens else sequence_id
        buffer = piece.ctypes.data_as(_BytesPointer)
        if not llama_cpp.llama_state_seq_set_data(self._context, buffer, piece.nbytes, target):
            return False
        if target != sequence_id:
            llama_cpp.llama_memory_seq_cp(self._memory, target, sequence_id, 0, -1)
            llama_cpp.llama_memory_seq_rm(self._memory, target, 0, -1)
        return True
