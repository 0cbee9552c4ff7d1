"""What both systems are asked with, and what an answer has cost in each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from scripts.engine_bench.traces import Key


@dataclass(frozen=True, slots=True)
class KeyCost:
    """What one key cost.

    Attributes:
        tokens_prompt: Tokens of the prompt.
        tokens_computed: Those that were evaluated while the person waits.
        tokens_idle: Tokens that were evaluated in the pause before the key.
        num_shifts: K-shifts that the key caused, pauses included.
        ms_first: Milliseconds to the first token of the answer, by the system's own clock.
        ms_decode: Milliseconds from there to its last token.
        tokens_generated: Tokens of the answer.
    """

    tokens_prompt: int
    tokens_computed: int
    tokens_idle: int = 0
    num_shifts: int = 0
    ms_first: float = 0.0
    ms_decode: float = 0.0
    tokens_generated: int = 0


class System(Protocol):
    """One of the two systems, with a model loaded."""

    async def ask(self, key: Key) -> KeyCost:
        """Ask for a suggestion at a key; lets a pause before it pass first."""
        ...
