"""The three ways to print a completion: its text, JSON, or the file with ghost text."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lsp_server.cli.border import note
from lsp_server.cli.completion_json import completion_json
from lsp_server.cli.document import Document
from lsp_server.completion.query import CompletionOutcome, OutcomeReason

_WHY_NOT = {
    OutcomeReason.EMPTY: "the model had nothing to add",
    OutcomeReason.FILTERED: "what the model wrote was of no use here",
    OutcomeReason.TOO_LITTLE_TEXT: "there is too little text to go on",
    OutcomeReason.CANCELLED: "it was cancelled",
}


def print_text(outcome: CompletionOutcome) -> None:
    """Print the suggestions alone; several are numbered."""
    _note_if_empty(outcome)
    for number, suggestion in enumerate(outcome.suggestions, start=1):
        if len(outcome.suggestions) > 1:
            click.echo(f"[{number}]")
        click.echo(suggestion.text)


def print_json(outcome: CompletionOutcome, document: Document) -> None:
    """Print one JSON object."""
    values = completion_json(outcome, document.lines)
    click.echo(json.dumps(values, indent=2, ensure_ascii=False))


def print_shown(outcome: CompletionOutcome, document: Document) -> None:
    """Print the file around the cursor with each suggestion, then model and cost."""
    from lsp_server.cli.ghost_text import is_plain, region_around, render
    from lsp_server.cli.result_console import result_console

    _note_if_empty(outcome)
    console = result_console(soft_wrap=True)
    plain = is_plain(console)
    for suggestion in outcome.suggestions:
        region = region_around(document, suggestion.text, suggestion.start, suggestion.end)
        console.print(render(region, document.language, is_plain=plain), end="")
        console.print()
    console.print(cost_line(outcome), style="dim", markup=False)


def cost_line(outcome: CompletionOutcome) -> str:
    """Return model and cost in one line."""
    cost = outcome.cost
    computed = "1 token" if cost.tokens_computed == 1 else f"{cost.tokens_computed:,} tokens"
    parts = [f"{computed} computed", f"{cost.tokens_reused:,} reused"]
    if cost.tokens_shifted:
        parts.append(f"{cost.tokens_shifted:,} shifted")
    parts.append(f"{cost.tokens_generated:,} generated")
    total_ms = outcome.stage_ms.get("total", 0.0)
    model = Path(outcome.model).name
    return f"{model} · {', '.join(parts)} · {total_ms:,.0f} ms"


def _note_if_empty(outcome: CompletionOutcome) -> None:
    if not outcome.suggestions:
        reason = _WHY_NOT.get(outcome.reason, outcome.reason.value.replace("_", " "))
        note(f"no suggestion: {reason}")
