"""What became of the questions: how many ended for which reason, and what was taken."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping

from lsp_server.completion.query import CompletionOutcome, CompletionQuery, OutcomeReason
from lsp_server.engine.api import Cost

LOGGER = logging.getLogger(__name__)


class OutcomeCounts:
    """Counts outcomes by reason, and writes one line about each to the log.

    No source text is kept or logged.
    """

    def __init__(self) -> None:
        self._by_reason: Counter[OutcomeReason] = Counter()
        self._by_rule: Counter[str] = Counter()
        self._num_prepared = 0

    def count(self, query: CompletionQuery, outcome: CompletionOutcome) -> None:
        """Count an outcome."""
        self._by_reason[outcome.reason] += 1
        stages = " ".join(f"{stage}={ms:.1f}" for stage, ms in outcome.stage_ms.items())
        LOGGER.info(
            "completion for %s: %s, %d suggestions, %d tokens reused, %d computed, "
            "%d generated; ms: %s",
            query.priority.name.lower(),
            outcome.reason.value,
            len(outcome.suggestions),
            outcome.cost.tokens_reused,
            outcome.cost.tokens_computed,
            outcome.cost.tokens_generated,
            stages,
        )

    def count_reason(self, reason: OutcomeReason) -> None:
        """Count an outcome of which nothing but the reason is known."""
        self._by_reason[reason] += 1
        LOGGER.info("completion: %s", reason.value)

    def count_rules(self, names: tuple[str, ...]) -> None:
        """Count stop rules and filters that took effect."""
        self._by_rule.update(names)

    def count_preparation(self, cost: Cost) -> None:
        """Count a place that was prepared before anybody asked there."""
        self._num_prepared += 1
        LOGGER.info(
            "a place was prepared: %d tokens reused, %d computed",
            cost.tokens_reused,
            cost.tokens_computed,
        )

    @property
    def num_prepared(self) -> int:
        """How many places were prepared before anybody asked there."""
        return self._num_prepared

    @property
    def by_reason(self) -> Mapping[str, int]:
        """How many outcomes there were, by reason; reasons without any are left out."""
        return {
            reason.value: self._by_reason[reason]
            for reason in OutcomeReason
            if self._by_reason[reason]
        }

    @property
    def by_rule(self) -> Mapping[str, int]:
        """How often each stop rule ended an alternative, and each filter dropped one."""
        return dict(sorted(self._by_rule.items()))
