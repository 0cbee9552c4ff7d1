"""The one writer: whole messages, one after the other, whichever thread they come from.

The writer of pygls has no lock, so messages from two threads end up inside each other; and it
blocks the loop when a client does not read.  Here one thread writes.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

LOGGER = logging.getLogger(__name__)

#: More than a client leaves unread by accident.
MAX_WAITING_BYTES = 64 * 1024 * 1024


class MessageWriter:
    """Writes in the order of the calls; what comes after the connection broke is dropped.

    Attributes:
        num_waiting_bytes: What the client has not taken yet.
    """

    def __init__(
        self,
        write: Callable[[memoryview], int],
        on_broken: Callable[[], None],
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        """Start the thread; it is a daemon, because nothing can interrupt a write.

        Args:
            write: Writes a beginning of what it is given and returns how many bytes that were.
            on_broken: Called on any thread, once, when the client cannot be reached any more.
            max_waiting_bytes: A client that leaves more than that unread counts as gone.
        """
        self._write = write
        self._on_broken = on_broken
        self._max_waiting_bytes = max_waiting_bytes
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self.num_waiting_bytes = 0
        self._is_broken = False
        self._thread = threading.Thread(target=self._run, name="protocol output", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Write one message; returns at once."""
        with self._lock:
            self.num_waiting_bytes += len(data)
            is_too_much = self.num_waiting_bytes > self._max_waiting_bytes
        if is_too_much:
            self._break("the client leaves %d bytes unread", self.num_waiting_bytes)
        if not self._is_broken:
            self._messages.put(data)

    def close(self, timeout_s: float = 0.0) -> None:
        """Wait until all is written, or a client that does not read has had its time."""
        self._messages.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (message := self._messages.get()) is not None:
            try:
                self._write_all(message)
            except OSError as error:
                self._break("the client cannot be written to: %s", error.strerror)
                return
            with self._lock:
                self.num_waiting_bytes -= len(message)

    def _write_all(self, message: bytes) -> None:
        rest = memoryview(message)
        while rest:
            rest = rest[self._write(rest) :]

    def _break(self, reason: str, value: object) -> None:
        with self._lock:
            is_first, self._is_broken = not self._is_broken, True
        if is_first:
            LOGGER.warning(reason, value)
            self._on_broken()
