"""Under which conditions figures were measured; they say little without them."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from scripts.engine_bench.benchmark import Values
from scripts.vocabularies.fetch import pinned_archive


@dataclass(frozen=True, slots=True)
class Conditions:
    """What figures depend on besides the code.

    Attributes:
        model: What the file is, for people.
        context_tokens: `n_ctx` of both systems.
        peer: The peer's name, if there was one.
        load_before: Mean number of busy processes in the minute before.
    """

    model: str
    context_tokens: int
    peer: str | None
    load_before: float

    @property
    def values(self) -> Values:
        """For programs."""
        return {
            "model": self.model,
            "n_ctx": self.context_tokens,
            "peer": self.peer,
            "library": pinned_archive(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load_before": round(self.load_before, 2),
            "load_after": round(os.getloadavg()[0], 2),
        }

    @property
    def line(self) -> Text:
        """For people."""
        values = self.values
        return Text(
            f"{self.model}; n_ctx {self.context_tokens} in both; peer: {self.peer or 'none'}; "
            f"{values['library']}; {values['cores']} cores of {values['processor']}; "
            f"load {values['load_before']} before, {values['load_after']} after",
            style="dim",
        )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
