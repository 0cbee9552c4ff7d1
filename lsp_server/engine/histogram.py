"""Count values by size."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from lsp_server.engine.status import Histogram

#: Buckets for steps: one of a small model takes a few milliseconds, one of a large model seconds.
STEP_BOUNDS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
#: Buckets for waiting: nothing to wait for, steps of others, and loading a model.
QUEUE_BOUNDS_S = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)


class HistogramCounter:
    """Counts in one thread; any other may look."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Start with nothing counted; `bounds` are the upper bounds of the buckets, ascending."""
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._total = 0.0

    def note(self, value: float) -> None:
        """Count a value; one that equals a bound belongs below it."""
        self._counts[bisect.bisect_left(self._bounds, value)] += 1
        self._total += value

    @property
    def histogram(self) -> Histogram:
        """What was counted so far."""
        return Histogram(bounds=self._bounds, counts=tuple(self._counts), total=self._total)
