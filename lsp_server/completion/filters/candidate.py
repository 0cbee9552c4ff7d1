"""A text on its way to becoming a suggestion."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.engine.api import EndReason


@dataclass(frozen=True, slots=True)
class Candidate:
    r"""What would be shown if no further filter spoke.

    Attributes:
        text: With `\n` line endings.
        finish_reason: Why it ended where it ends.
        num_replaced_chars: Characters right of the cursor, on its line, that it replaces.
    """

    text: str
    finish_reason: EndReason
    num_replaced_chars: int = 0
