"""One `llama_batch` over numpy arrays, filled anew for each step.

Filling arrays takes microseconds where a loop over ctypes fields takes hundreds of them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from lsp_server.engine.runners.base import BatchToken


class LlamaBatch:
    """A batch of at most `max_tokens` tokens, each in one sequence."""

    def __init__(self, max_tokens: int) -> None:
        """Allocate the arrays; the structure points into them for its whole life."""
        self._tokens = np.zeros(max_tokens, np.int32)
        self._positions = np.zeros(max_tokens, np.int32)
        self._sequence_ids = np.zeros((max_tokens, 1), np.int32)
        self._num_sequence_ids = np.ones(max_tokens, np.int32)
        self._wants_logits = np.zeros(max_tokens, np.int8)
        rows = self._sequence_ids.ctypes.data + self._sequence_ids.strides[0] * np.arange(
            max_tokens, dtype=np.uintp
        )
        self._sequence_id_rows = np.ascontiguousarray(rows, np.uintp)
        self._batch = llama_cpp.llama_batch(
            n_tokens=0,
            token=_pointer(self._tokens, ctypes.c_int32),
            embd=None,
            pos=_pointer(self._positions, ctypes.c_int32),
            n_seq_id=_pointer(self._num_sequence_ids, ctypes.c_int32),
            seq_id=_pointer(self._sequence_id_rows, ctypes.POINTER(ctypes.c_int32)),
            logits=_pointer(self._wants_logits, ctypes.c_int8),
        )

    def fill(self, tokens: Sequence[BatchToken]) -> llama_cpp.llama_batch:
        """Return the structure with these tokens; it is valid until the next call."""
        num_tokens = len(tokens)
        self._tokens[:num_tokens] = [token.token for token in tokens]
        self._positions[:num_tokens] = [token.position for token in tokens]
        self._sequence_ids[:num_tokens, 0] = [token.sequence_id for token in tokens]
        self._wants_logits[:num_tokens] = [token.wants_logits for token in tokens]
        self._batch.n_tokens = num_tokens
        return self._batch


def _pointer(array: npt.NDArray[Any], kind: type) -> object:
    return array.ctypes.data_as(ctypes.POINTER(kind))
