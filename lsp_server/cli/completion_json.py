"""What `bantam complete --json` prints."""

from __future__ import annotations

from typing import Any

from lsp_server.cli.location import LineIndex
from lsp_server.completion.query import CompletionOutcome, Suggestion


def completion_json(outcome: CompletionOutcome, lines: LineIndex) -> dict[str, Any]:
    """Return the outcome as plain values; positions count from 1, as on the command line.

    Args:
        outcome: What the pipeline said.
        lines: The lines of the document, for the ranges.
    """
    return {
        "items": [_item(suggestion, lines) for suggestion in outcome.suggestions],
        "model": outcome.model,
        "tokens": {
            "computed": outcome.cost.tokens_computed,
            "reused": outcome.cost.tokens_reused,
            "shifted": outcome.cost.tokens_shifted,
            "generated": outcome.cost.tokens_generated,
        },
        "ms": {stage: round(ms, 3) for stage, ms in outcome.stage_ms.items()},
    }


def _item(suggestion: Suggestion, lines: LineIndex) -> dict[str, Any]:
    return {
        "text": suggestion.text,
        "range": {
            "start": _position(suggestion.start, lines),
            "end": _position(suggestion.end, lines),
        },
        "finish_reason": suggestion.finish_reason.value,
    }


def _position(offset: int, lines: LineIndex) -> dict[str, int]:
    position = lines.position_of(offset)
    return {"line": position.line, "column": position.column}
