"""What a request needs of the KV cache, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.engine.runners.base import RunnerLimits
from lsp_server.errors import NoCellsError, PromptTooLongError


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request needs of the cache before it may start.

    Attributes:
        prompt: Its prompt's tokens.
        document_key: The document that it is parked for afterwards.
        num_answers: Alternatives; each is a sequence of its own.
        answer_cells: Cells that each alternative may take after the prompt.
        wants_logits: Whether the prompt's last token has to be computed in any case.
        may_splice: Whether stale cells are good enough: somebody types, or nothing is answered.
    """

    prompt: tuple[int, ...]
    document_key: str
    num_answers: int
    answer_cells: int
    wants_logits: bool
    may_splice: bool = False

    @property
    def num_cells(self) -> int:
        """Cells that it takes if nothing is used again."""
        return len(self.prompt) + self.num_answers * self.answer_cells

    @property
    def num_wanted(self) -> int:
        """So many tokens of the prompt may come from cells."""
        return len(self.prompt) - (1 if self.wants_logits else 0)


@dataclass(frozen=True, slots=True)
class Admission:
    """What a request was given.

    Attributes:
        sequences: One for each alternative; the first holds what is reused of the prompt, the
            others are empty until `share`.
        num_reused: Prompt tokens whose cells stay in place.
        num_shifted: Prompt tokens whose cells move.
    """

    sequences: tuple[KvSequence, ...]
    num_reused: int
    num_shifted: int


def check_possible(demand: Demand, limits: RunnerLimits) -> None:
    """Check that a request could start if it were alone.

    Raises:
        PromptTooLongError: The prompt is longer than the context.
        NoCellsError: There are too few cells or sequences, even when all are free.
    """
    num_prompt = len(demand.prompt)
    most = limits.context_tokens - (num_prompt - demand.num_wanted)
    if num_prompt > most:
        raise PromptTooLongError(
            f"the prompt has {num_prompt} tokens, and the context takes {most}: send less "
            "text, or raise engine.context_tokens if the model allows more"
        )
    num_needed = demand.num_cells
    if num_needed > limits.num_cells:
        raise NoCellsError(
            f"the request needs {num_needed} KV cells ({num_prompt} for the prompt, "
            f"{demand.answer_cells} for each of {demand.num_answers} answers), and there are "
            f"{limits.num_cells}: ask for fewer or shorter answers, or raise "
            "engine.context_tokens"
        )
    if demand.num_answers > limits.max_sequences:
        raise NoCellsError(
            f"the request asks for {demand.num_answers} alternatives, and the engine of this "
            f"model runs {limits.max_sequences} at a time: ask for fewer"
        )
