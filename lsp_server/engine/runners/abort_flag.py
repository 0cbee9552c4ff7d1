"""A flag that llama.cpp asks after every node of its graph whether to go on.

On Linux the question is answered by C's own `strlen` over two bytes: an empty string means go
on, one byte means stop.  That costs nothing and needs no interpreter lock, so any thread may set
it.  Elsewhere a Python function answers.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator

import llama_cpp

_NO_CALLBACK = llama_cpp.ggml_abort_callback()


class AbortFlag:
    """Whether a running computation should stop."""

    def __init__(self) -> None:
        """Start lowered."""
        self._bytes = ctypes.create_string_buffer(2)
        self._callback = _strlen_callback() or llama_cpp.ggml_abort_callback(self._is_raised)

    def attach(self, context: object) -> None:
        """Let a context ask this flag; the flag must live as long as the context."""
        llama_cpp.llama_set_abort_callback(
            context, self._callback, ctypes.cast(self._bytes, ctypes.c_void_p)
        )

    @contextlib.contextmanager
    def detached(self, context: object, is_wanted: bool) -> Iterator[None]:
        """Let a context ask nobody while this lasts, if that is wanted."""
        if not is_wanted:
            yield
            return
        llama_cpp.llama_set_abort_callback(context, _NO_CALLBACK, None)
        try:
            yield
        finally:
            self.attach(context)

    def raise_(self) -> None:
        """Let the running computation stop."""
        self._bytes[0] = b"\x01"

    def lower(self) -> None:
        """Let computations run."""
        self._bytes[0] = b"\x00"

    def _is_raised(self, _data: object) -> bool:
        return bool(self._bytes[0] != b"\x00")


def _strlen_callback() -> object | None:
    if sys.platform != "linux":
        return None
    address = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
    return None if address is None else llama_cpp.ggml_abort_callback(address)
