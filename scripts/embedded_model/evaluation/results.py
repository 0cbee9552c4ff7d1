"""Scores under version control: one JSON file for every model and baseline that was measured."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.embedded_model.evaluation.cases import Case, Kind, Order
from scripts.embedded_model.evaluation.scoring import Score, judge, summarise
from scripts.embedded_model.scores import HeldOutLoss

RESULTS_NAME = "EVALUATION.json"


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured of one model or baseline.

    Attributes:
        title: What tables call it.
        scores: By row; see `row_of`.
        loss: Next-token loss over held-out files, where there is one.
        speed: Facts of the run, where a model answered.
        command: How to measure it again.
    """

    title: str
    scores: dict[str, Score]
    loss: HeldOutLoss | None = None
    speed: dict[str, float] = field(default_factory=dict)
    command: str = ""


def row_of(case: Case) -> str:
    """The row of a table that a case counts in."""
    _, has_variant, variant = case.key.partition("-")
    if case.kind is Kind.CROSS_FILE:
        return f"{case.kind.value}, {variant} its headers"
    if not has_variant or case.kind is not Kind.LINE:
        return str(case.kind.value)
    return layout_row(case.order, case.tail_tokens)


def layout_row(order: Order, tail_tokens: int | None) -> str:
    """The row of single lines in one layout."""
    tail = "no anchor" if tail_tokens is None else f"anchor {tail_tokens} tokens before"
    return f"{order.value}: {tail}"


def score_rows(cases: Sequence[Case], answers: Mapping[str, str]) -> dict[str, Score]:
    """Judge what was answered, row by row; rows without an answer are left out."""
    verdicts = defaultdict(list)
    for case in cases:
        if case.key in answers:
            verdicts[row_of(case)].append(judge(case, answers[case.key]))
    return {row: summarise(of_row) for row, of_row in verdicts.items()}


def write_results(results: Mapping[str, Results], path: Path) -> None:
    """Keep everything that was measured."""
    records = {label: asdict(result) for label, result in sorted(results.items())}
    path.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def read_results(path: Path) -> dict[str, Results]:
    """Read what `write_results` wrote; empty if nothing was measured yet."""
    if not path.exists():
        return {}
    records = json.loads(path.read_text(encoding="utf-8"))
    return {label: _result(record) for label, record in records.items()}


def _result(record: dict[str, object]) -> Results:
    values = dict(record)
    scores, loss = values.pop("scores"), values.pop("loss")
    assert isinstance(scores, dict)
    return Results(
        scores={row: Score(**score) for row, score in scores.items()},
        loss=HeldOutLoss(**loss) if isinstance(loss, dict) else None,
        **values,  # type: ignore[arg-type]  # the remaining fields, as they were written
    )
