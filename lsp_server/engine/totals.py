"""What a model did since it was loaded, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from lsp_server.engine.api import Cost
from lsp_server.engine.status import TokenTotals


@dataclass(slots=True)
class TotalsCounter:
    """Counts for `TokenTotals`, by which other threads read them."""

    totals: TokenTotals = field(default_factory=TokenTotals)

    def add_request(self, cost: Cost) -> None:
        """Count a request that has ended."""
        totals = self.totals
        self.totals = TokenTotals(
            computed=totals.computed + cost.tokens_computed,
            reused=totals.reused + cost.tokens_reused,
            shifted=totals.shifted + cost.tokens_shifted,
            idle=totals.idle,
            generated=totals.generated + cost.tokens_generated,
            num_shifts=totals.num_shifts + bool(cost.tokens_shifted),
        )

    def add_idle(self, num_tokens: int) -> None:
        """Count tokens that were computed while nobody waited."""
        totals = self.totals
        self.totals = msgspec.structs.replace(totals, idle=totals.idle + num_tokens)
