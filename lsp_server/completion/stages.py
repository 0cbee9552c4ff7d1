"""How long each stage of a completion took, so that a slow one explains itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class StageTimes:
    """Adds up milliseconds by stage."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start now.

        Args:
            clock: Monotonic seconds.
        """
        self._clock = clock
        self._start_s = clock()
        self._ms: dict[str, float] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count what happens inside as this stage, however it ends."""
        start_s = self._clock()
        try:
            yield
        finally:
            self.add(stage, (self._clock() - start_s) * 1_000)

    def add(self, stage: str, ms: float) -> None:
        """Add milliseconds to a stage."""
        self._ms[stage] = self._ms.get(stage, 0.0) + ms

    def add_all(self, stage_ms: Mapping[str, float]) -> None:
        """Add what happened elsewhere."""
        for stage, ms in stage_ms.items():
            self.add(stage, ms)

    @property
    def stage_ms(self) -> Mapping[str, float]:
        """Milliseconds per stage that was entered."""
        return dict(self._ms)

    @property
    def total_ms(self) -> float:
        """Milliseconds since the start."""
        return (self._clock() - self._start_s) * 1_000
