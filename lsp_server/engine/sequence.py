"""One alternative of a request: its tokens, and how many of them are computed.

There are no phases.  A sequence that has one token more than it has computed is decoding, one
that has many more is in its prefill; a step hands out tokens to both under one budget.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.engine.answer import Answer
from lsp_server.engine.api import EndReason
from lsp_server.engine.kv_sequence import KvSequence


@dataclass(slots=True, eq=False)
class TokenSequence:
    """The tokens of one alternative.

    Attributes:
        alternative: Index from 0 within its request.
        tokens: The prompt and what was sampled so far.
        answer: Chooses the next token and writes the text.
        kv: The KV cells that it holds, or `None` when it has none (not admitted, or ended).
        end_reason: Why it ended, or `None` while it runs.
    """

    alternative: int
    tokens: list[int]
    answer: Answer
    kv: KvSequence | None = None
    end_reason: EndReason | None = None

    @property
    def num_computed(self) -> int:
        """Tokens whose keys and values are in the cache."""
        return len(self.kv.tokens) if self.kv is not None else 0

    @property
    def num_uncomputed(self) -> int:
        """Tokens that are left, whether to be computed or kept."""
        return len(self.tokens) - self.num_computed

    @property
    def num_ready(self) -> int:
        """Tokens that the next step may be given: those up to an island that is kept."""
        gap_end = self.kv.gap_end if self.kv is not None else None
        return (len(self.tokens) if gap_end is None else gap_end) - self.num_computed

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.end_reason is None
