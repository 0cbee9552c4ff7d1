"""How long a step takes by its number of tokens, as measured while the model runs."""

from __future__ import annotations

from collections.abc import Mapping

#: How much a new measurement counts against what was known.
_WEIGHT = 0.2
#: How fast a size that was found too slow is believed to have become better, each time that it
#: is passed over: a disturbance must not rule it out for ever.
_HOPE = 0.99
#: A first measurement includes page faults and warm-up; a lower one corrects it at once.
_OUTLIER_RATIO = 4.0


class StepCosts:
    """Milliseconds of a step, smoothed, for each number of tokens that was seen."""

    def __init__(self, measured_ms: Mapping[int, float] | None = None) -> None:
        """Start with what was measured before, if anything was.

        Args:
            measured_ms: Milliseconds by the tokens of a step.
        """
        self._ms = dict(measured_ms or {})

    def note(self, num_tokens: int, ms: float) -> None:
        """Take in one step.

        A step that took very much longer than usual was disturbed from outside and counts as
        the largest usual one.
        """
        known = self._ms.get(num_tokens)
        if known is None or known > _OUTLIER_RATIO * ms:
            self._ms[num_tokens] = ms
        else:
            self._ms[num_tokens] = known + _WEIGHT * (min(ms, _OUTLIER_RATIO * known) - known)

    def ms_of(self, num_tokens: int) -> float | None:
        """Return what a step of this size takes, or `None` before the first measurement.

        Between two sizes that were seen it is interpolated; beyond them, steps are taken to cost
        in proportion to their tokens.
        """
        if not self._ms:
            return None
        below = max((size for size in self._ms if size <= num_tokens), default=None)
        above = min((size for size in self._ms if size >= num_tokens), default=None)
        if below is None or above is None:
            nearest = above if below is None else below
            assert nearest is not None, "one of the two was seen"
            return self._ms[nearest] * (1.0 if below is None else num_tokens / nearest)
        if below == above:
            return self._ms[below]
        share = (num_tokens - below) / (above - below)
        return self._ms[below] + share * (self._ms[above] - self._ms[below])

    def tokens_within(self, target_ms: float, least: int, most: int) -> int:
        """Return the most tokens whose step stays within a time, but at least `least`."""
        for num_tokens in range(most, least, -1):
            ms = self.ms_of(num_tokens)
            if ms is None or ms <= target_ms:
                self._hope_for(most if num_tokens < most else 0)
                return num_tokens
        self._hope_for(most)
        return least

    def tokens_as_quick_as(self, least: int, most: int) -> int:
        """Return the most tokens whose step takes no longer than one of `least` tokens.

        Small models may read 64 tokens faster than 16, since llama.cpp then takes another way.
        """
        ms = self._ms.get(least)
        return least if ms is None else self.tokens_within(ms, least, most)

    def best_width(self, num_sequences: int) -> int:
        """Return how many sequences to decode together so that most tokens come per second."""

        def tokens_per_ms(width: int) -> float:
            return width / (self.ms_of(width) or 1.0)

        widths = range(1, num_sequences + 1)
        best = max(widths, key=lambda width: (tokens_per_ms(width), width), default=0)
        self._hope_for(num_sequences if best < num_sequences else 0)
        return best

    def _hope_for(self, num_tokens: int) -> None:
        if num_tokens in self._ms:
            self._ms[num_tokens] *= _HOPE

    def width_within(self, target_ms: float, least: int, num_sequences: int) -> int:
        """Return how many sequences to decode together: see `best_width`, within a time.

        Up to `least` are taken however long they take.  Where one sequence alone takes longer than
        the time, up to double its own is allowed: one after the other, everybody would wait longer
        still.
        """
        width = self.best_width(num_sequences)
        limit_ms = max(target_ms, 2.0 * (self.ms_of(1) or 0.0))
        return self.tokens_within(limit_ms, min(width, least), width)
