"""What one question collects on its way through the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lsp_server.completion.generation import Answer
from lsp_server.completion.query import (
    CompletionOutcome,
    CompletionQuery,
    OutcomeReason,
    Suggestion,
)
from lsp_server.completion.stages import StageTimes


class Visit:
    """A question, its stage times, and how it would end now.

    Attributes:
        query: The question.
        stages: Milliseconds per stage.
        reason_if_cancelled: What a cancelled question is counted as at this moment.
    """

    def __init__(self, query: CompletionQuery, model: str) -> None:
        self.query = query
        self.stages = StageTimes()
        self.reason_if_cancelled = OutcomeReason.CANCELLED
        self._model = model

    @contextmanager
    def debouncing(self) -> Iterator[None]:
        """Mark the time in which the model was not asked yet."""
        self.reason_if_cancelled = OutcomeReason.DEBOUNCED
        with self.stages.time("debounce"):
            yield
        # Not reached by a question that is cancelled meanwhile: it stays a debounced one.
        self.reason_if_cancelled = OutcomeReason.CANCELLED

    def end(
        self, reason: OutcomeReason, suggestions: tuple[Suggestion, ...] = ()
    ) -> CompletionOutcome:
        """Return the outcome of a question that the model was not asked."""
        return self.end_with(reason, suggestions, Answer())

    def end_with(
        self, reason: OutcomeReason, suggestions: tuple[Suggestion, ...], answer: Answer
    ) -> CompletionOutcome:
        """Return the outcome of a question with an answer."""
        return CompletionOutcome(
            reason=reason,
            suggestions=suggestions,
            model=self._model,
            cost=answer.cost,
            stage_ms={**self.stages.stage_ms, "total": self.stages.total_ms},
            error=answer.error,
        )
