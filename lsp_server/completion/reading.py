"""Read an engine's stream, and end each alternative where a rule of ours applies."""

from __future__ import annotations

import time

import msgspec

from lsp_server.completion.cursor import Cursor
from lsp_server.completion.generation import Answer, Draft
from lsp_server.completion.query import OutcomeReason
from lsp_server.completion.stops.rules import Stop, first_stop
from lsp_server.completion.typing_along import Written
from lsp_server.engine.api import Cost, EndEvent, EndReason, PromptEvent, TextEvent

_INTERRUPTIONS = {
    EndReason.CANCELLED: OutcomeReason.CANCELLED,
    EndReason.SUPERSEDED: OutcomeReason.SUPERSEDED,
}


class Reading:
    """What was read of one stream so far."""

    def __init__(self, cursor: Cursor, draft: Draft) -> None:
        self._cursor = cursor
        self._draft = draft
        self._stops: dict[int, Stop] = {}
        self._prompt_cost = Cost()
        self._prompt_read_s = 0.0
        self._num_tokens = 0

    @property
    def is_over(self) -> bool:
        """Whether our rules have ended every alternative, so that the stream can be closed."""
        return len(self._stops) == len(self._draft.texts)

    def take_prompt(self, event: PromptEvent) -> None:
        """Note what the prompt has cost."""
        self._prompt_cost = event.cost
        self._prompt_read_s = time.monotonic()

    def take(self, event: TextEvent) -> None:
        """Add text to its alternative, unless that has ended for us."""
        self._num_tokens += len(event.tokens)
        if event.alternative in self._stops:
            return
        text = self._draft.texts[event.alternative] + event.text
        if stop := first_stop(text, self._cursor):
            self._stops[event.alternative] = stop
            text = text[: stop.num_kept_chars]
        self._draft.grow(event.alternative, text)

    def answer_cut_short(self) -> Answer:
        """Return the answer when every alternative was ended by a rule of ours."""
        return Answer(
            written=tuple(Written(text, EndReason.STOP) for text in self._draft.texts),
            cost=msgspec.structs.replace(
                self._prompt_cost,
                tokens_generated=self._num_tokens,
                ms_decode=(time.monotonic() - self._prompt_read_s) * 1000.0,
            ),
            stopped_by=self._rules,
        )

    def answer(self, end: EndEvent) -> Answer:
        """Return the answer that the engine has ended."""
        if end.error is not None:
            return Answer(interrupted=OutcomeReason.FAILED, error=end.error, cost=end.cost)
        for reason in end.reasons:
            if reason in _INTERRUPTIONS:
                return Answer(interrupted=_INTERRUPTIONS[reason], cost=end.cost)
        return Answer(
            written=tuple(
                Written(text, EndReason.STOP if index in self._stops else reason)
                for index, (text, reason) in enumerate(
                    zip(self._draft.texts, end.reasons, strict=True)
                )
            ),
            cost=end.cost,
            stopped_by=self._rules,
        )

    @property
    def _rules(self) -> tuple[str, ...]:
        return tuple(stop.rule for stop in self._stops.values())
