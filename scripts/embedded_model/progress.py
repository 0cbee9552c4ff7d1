"""What a person sees of a run: one line with a bar, and a log to plot afterwards."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_BAR_WIDTH = 24
_SECONDS_BETWEEN_LINES = {True: 1.0, False: 15.0}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One step, as it is logged; `seconds` count training only, `loss` is in nats a token."""

    step: int
    seconds: float
    num_tokens: int
    loss: float
    held_out_loss: float | None = None


class ProgressLine:
    """A bar on a terminal, rewritten in place; now and then a line elsewhere.

    Speed and time left are those of the run itself, without what an earlier run spent.
    """

    def __init__(self, tokens_before: int = 0, seconds_before: float = 0.0) -> None:
        self._tokens_before = tokens_before
        self._seconds_before = seconds_before
        self._on_terminal = sys.stderr.isatty()
        self._shown_at = 0.0

    def show(self, entry: LogEntry, smooth_loss: float, progress: float) -> None:
        """Show a step, unless the last one shown is only moments old.

        Args:
            entry: the step.
            smooth_loss: mean loss of it and those before, in nats a token.
            progress: share of the budget that is spent.
        """
        now = time.monotonic()
        if now - self._shown_at < _SECONDS_BETWEEN_LINES[self._on_terminal]:
            return
        self._shown_at = now
        share = min(1.0, progress)
        bar = ("#" * round(share * _BAR_WIDTH)).ljust(_BAR_WIDTH, ".")
        seconds = entry.seconds - self._seconds_before
        minutes_left = seconds / 60 * (1.0 - share) / max(share, 1e-9)
        speed = (entry.num_tokens - self._tokens_before) / max(seconds, 1e-9)
        line = (
            f"[{bar}] {share:4.0%}  step {entry.step}  loss {smooth_loss:.3f}"
            f"  {entry.num_tokens / 1e6:.2f} M tokens  {speed:,.0f} tokens/s"
            f"  {minutes_left:.1f} min left"
        )
        print(line, end="\r" if self._on_terminal else "\n", file=sys.stderr, flush=True)


def append_log(entry: LogEntry, path: Path) -> None:
    """Add a step to the log, one JSON object a line."""
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(asdict(entry)) + "\n")


def read_log(path: Path) -> list[LogEntry]:
    """Read the log back."""
    with path.open(encoding="utf-8") as log:
        return [LogEntry(**json.loads(line)) for line in log]
