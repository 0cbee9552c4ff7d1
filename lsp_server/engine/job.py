"""One request inside the scheduler: its alternatives, its limits, and what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.engine.admission import Demand
from lsp_server.engine.answer import Answer
from lsp_server.engine.api import Cost, EndEvent, EndReason, ErrorReport, Event, Priority
from lsp_server.engine.sequence import TokenSequence


@dataclass(slots=True)
class JobTimes:
    """When a request reached each stage, in seconds of the scheduler's clock.

    Attributes:
        taken_s: The engine took it.
        started_s: The first of its tokens was evaluated.
        first_token_s: The first token was sampled, or, without an answer, the prompt was done.
        last_token_s: The latest token was sampled.
    """

    taken_s: float
    started_s: float | None = None
    first_token_s: float | None = None
    last_token_s: float | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What the scheduler needs to know of a request; it never changes.

    Attributes:
        arrival: Number in the order in which the engine took requests; also its identity.
        prompt: The prompt's tokens.
        priority: Its class.
        document_key: The document that it belongs to; empty for none.
        supersedes: Whether it ends older requests of its document.
        max_tokens: Tokens per alternative; 0 only computes the prompt.
        taken_s: When the engine took it, in seconds of the scheduler's clock.
        deadline_s: When it ends at the latest, or `None`.
    """

    arrival: int
    prompt: tuple[int, ...]
    priority: Priority
    document_key: str
    supersedes: bool
    max_tokens: int
    taken_s: float
    deadline_s: float | None

    @property
    def is_interactive(self) -> bool:
        """Whether it is of somebody who types and waits for it."""
        return self.priority <= Priority.POPUP

    def supersedes_spec(self, older: JobSpec) -> bool:
        """Return whether this request ends another one."""
        return (
            self.supersedes
            and self.document_key != ""
            and self.document_key == older.document_key
            and self.arrival > older.arrival
            and self.priority <= older.priority
        )


@dataclass(slots=True, eq=False)
class Job:
    """A request from its submission to its end.

    Attributes:
        spec: What was asked for.
        sequences: One per alternative; the first computes the prompt for all.
        emit: Takes the request's events; must not block.
        times: When it reached each stage.
        num_reused: Prompt tokens whose cells were in place.
        num_shifted: Prompt tokens whose cells were moved.
        num_prompt_computed: Prompt tokens that were evaluated.
        waited_s: Seconds in which others were computed and this one was not.
        num_held: Tokens that it held when it was suspended.
        is_suspended: Whether it was running, gave its cells away, and waits to go on.
        has_answers: Whether the prompt is done and every alternative has its first token.
        has_ended: Whether the end event was sent.
    """

    spec: JobSpec
    sequences: list[TokenSequence]
    emit: Callable[[Event], None]
    times: JobTimes
    num_reused: int = 0
    num_shifted: int = 0
    num_prompt_computed: int = 0
    waited_s: float = 0.0
    num_held: int = 0
    is_suspended: bool = False
    has_answers: bool = False
    has_ended: bool = False

    @classmethod
    def create(cls, spec: JobSpec, answers: list[Answer], emit: Callable[[Event], None]) -> Job:
        """Return a job that has not started.

        Args:
            spec: What was asked for.
            answers: An empty answer for each alternative.
            emit: Takes the request's events; must not block.
        """
        sequences = [
            TokenSequence(alternative, list(spec.prompt), answer)
            for alternative, answer in enumerate(answers)
        ]
        return cls(spec, sequences, emit, JobTimes(spec.taken_s))

    @property
    def demand(self) -> Demand:
        """What it needs of the KV cache; the last token of an answer takes no cell."""
        first = self.sequences[0]
        return Demand(
            prompt=tuple(first.tokens),
            document_key=self.parking_key,
            num_answers=len(self.sequences),
            answer_cells=max(self.spec.max_tokens - 1 - first.answer.num_generated, 0),
            wants_logits=self.spec.max_tokens > 0,
            may_splice=self.spec.is_interactive or self.spec.max_tokens == 0,
        )

    @property
    def parking_key(self) -> str:
        """Under what its cells are kept: its document, or itself while it is suspended."""
        if self.is_suspended:
            return f"{self.spec.document_key}\0{self.spec.arrival}"
        return self.spec.document_key

    @property
    def can_be_suspended(self) -> bool:
        """Whether it can give its cells away and go on later: it has one sequence to keep."""
        return len(self.sequences) == 1 or not self.has_answers

    @property
    def active_sequences(self) -> list[TokenSequence]:
        """Sequences that have tokens to compute: before the answers only the first one."""
        sequences = self.sequences if self.has_answers else self.sequences[:1]
        return [sequence for sequence in sequences if sequence.is_running]

    def cost(self) -> Cost:
        """Return what it cost so far."""
        times = self.times
        return Cost(
            tokens_reused=self.num_reused,
            tokens_shifted=self.num_shifted,
            tokens_computed=self.num_prompt_computed,
            tokens_generated=sum(sequence.answer.num_generated for sequence in self.sequences),
            ms_queued=_ms_between(times.taken_s, times.started_s),
            ms_prefill=_ms_between(times.started_s, times.first_token_s),
            ms_decode=_ms_between(times.first_token_s, times.last_token_s),
        )

    def end_event(self, error: ErrorReport | None = None) -> EndEvent:
        """Return the end event of a job whose alternatives have all ended."""
        reasons = tuple(sequence.end_reason or EndReason.ERROR for sequence in self.sequences)
        return EndEvent(reasons=reasons, cost=self.cost(), error=error)


def _ms_between(start_s: float | None, end_s: float | None) -> float:
    if start_s is None or end_s is None:
        return 0.0
    return (end_s - start_s) * 1000.0
