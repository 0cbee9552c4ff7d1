"""How long the engine process has had nothing to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Activity:
    """Counts running requests and remembers when the last one ended."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Start as if a request had ended this moment."""
        self._now_s = now_s
        self._num_running = 0
        self._last_s = now_s()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request as long as the block runs."""
        self._num_running += 1
        try:
            yield
        finally:
            self._num_running -= 1
            self.touch()

    @property
    def num_running(self) -> int:
        """Requests that run now."""
        return self._num_running

    def touch(self) -> None:
        """Count this moment as busy."""
        self._last_s = self._now_s()

    @property
    def idle_s(self) -> float:
        """Seconds since there was something to do; 0 while a request runs."""
        return 0.0 if self._num_running else self._now_s() - self._last_s
