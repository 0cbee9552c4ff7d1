"""Under which conditions figures were measured; they say little without them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from rich.text import Text

from lsp_server.engine.machine import processor_name
from scripts.engine_bench.benchmark import Values
from scripts.set_up.processor import cpu_features
from scripts.vocabularies.fetch import pinned_archive

#: Instructions for products of small numbers, as Linux names them.
_FEATURES = (
    *("avx2", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimd", "asimddp", "i8mm", "sve"),
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What figures depend on besides the code.

    Attributes:
        model: What the file is, for people.
        context_tokens: `n_ctx` of both systems.
        peer: The peer's name, if there was one.
        load_before: Mean number of busy processes in the minute before.
        num_threads: CPU threads of each system, where they are fixed.
    """

    model: str
    context_tokens: int
    peer: str | None
    load_before: float
    num_threads: int | None = None

    @property
    def values(self) -> Values:
        """For programs."""
        return {
            "model": self.model,
            "n_ctx": self.context_tokens,
            "peer": self.peer,
            "library": pinned_archive(),
            "processor": processor_name(),
            "features": _features(),
            "cores": os.cpu_count(),
            "threads": self.num_threads,
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


def _features() -> list[str]:
    """Return what the processor has of the instructions that matter here."""
    found = cpu_features().split()
    return [feature for feature in _FEATURES if feature in found]
