"""The results as a page of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scripts.embedded_model.evaluation.cases import TAIL_TOKENS, Kind, Order
from scripts.embedded_model.evaluation.results import Results, layout_row
from scripts.embedded_model.evaluation.scoring import Score

REPORT_NAME = "EVALUATION.md"

_HEAD = """\
# How good the embedded model is

Written by `scripts/eval_embedded_model` from what it measured on projects that no model was trained
on ({projects}).
A hole is one whole line inside a function, after its indentation: at least 8 characters besides
blanks, no import, comment or decorator, not brackets alone, not in a docstring, not repeated within
20 lines, at most one in each function, chosen by a seed.
The prompt is the one that the server writes with its default settings, the answer comes from
Bantam's own engine, greedily.
*Exact* means that the raw first line is the missing one, blanks at both ends aside; intervals are
Wilson's at 95 %.
*Similar* is the share of characters in common runs, *parses* how often Python can read the file
with the answer in it.
"""

_SCORE_HEAD = "| | holes | exact | 95 % interval | similar | parses |\n|---|--:|--:|--:|--:|--:|\n"
_LOSS_HEAD = "| | nats a token | bits a byte | tokens |\n|---|--:|--:|--:|\n"
_KINDS = (
    Kind.TRIVIAL.value,
    Kind.MULTI_LINE.value,
    Kind.SPAN.value,
    f"{Kind.CROSS_FILE.value}, without its headers",
    f"{Kind.CROSS_FILE.value}, with its headers",
    "HumanEval-Infilling, single line",
    "HumanEval-Infilling, tests passed",
)


def report_text(results: Mapping[str, Results], projects: Sequence[str]) -> str:
    """The whole page."""
    parts = [_HEAD.format(projects=", ".join(projects))]
    parts += ["\n## Single lines\n\n", _SCORE_HEAD]
    parts += _rows(results, Kind.LINE.value)
    parts += ["\n## Other holes\n"]
    for kind in _KINDS:
        rows = list(_rows(results, kind))
        if rows:
            parts += [f"\n{kind[0].upper()}{kind[1:]}:\n\n", _SCORE_HEAD, *rows]
    parts += ["\n## Next-token loss\n\n", _LOSS_HEAD, *_losses(results)]
    parts += _layouts(results)
    parts += ["\n## Commands\n\n", *_commands(results)]
    return "".join(parts)


def _rows(results: Mapping[str, Results], row: str) -> Iterator[str]:
    for result in results.values():
        if row in result.scores:
            yield _row(result.title, result.scores[row])


def _row(title: str, score: Score) -> str:
    return (
        f"| {title} | {score.num_cases:,} | {score.exact_match:.1%}"
        f" | {score.low:.1%} to {score.high:.1%}"
        f" | {score.similarity:.1%} | {score.parse_rate:.1%} |\n"
    )


def _losses(results: Mapping[str, Results]) -> Iterator[str]:
    for result in results.values():
        if result.loss is not None:
            loss = result.loss
            yield (
                f"| {result.title} | {loss.nats_per_token:.3f} | {loss.bits_per_byte:.3f}"
                f" | {loss.num_tokens:,} |\n"
            )


def _layouts(results: Mapping[str, Results]) -> Iterator[str]:
    """Exact match by where the anchor stands, for each order of the prompt's parts."""
    asked = [r for r in results.values() if layout_row(Order.PSM, None) in r.scores]
    if not asked:
        return
    columns = [None, *TAIL_TOKENS]
    titles = ["no anchor", *(f"{tail} tokens" for tail in TAIL_TOKENS)]
    yield "\n## Where the anchor stands\n\n"
    yield "Exact match of single lines, by how far before the cursor the anchor stands.\n\n"
    yield f"| | holes | {' | '.join(titles)} |\n|---|--:|{'--:|' * len(titles)}\n"
    for result in asked:
        for order in Order:
            scores = [result.scores[layout_row(order, tail)] for tail in columns]
            cells = " | ".join(f"{score.exact_match:.1%}" for score in scores)
            yield f"| {result.title}, {order.value} | {scores[0].num_cases:,} | {cells} |\n"


def _commands(results: Mapping[str, Results]) -> Iterator[str]:
    for result in results.values():
        if result.command:
            speed = result.speed
            facts = (
                f" ({speed['prompt_tokens_per_second']:,.0f} prompt tokens and"
                f" {speed['generated_tokens_per_second']:,.0f} generated tokens a second"
                f" at a load average of {speed['load_average']:.1f})"
                if speed
                else ""
            )
            yield f"- {result.title}: `{result.command}`{facts}\n"
