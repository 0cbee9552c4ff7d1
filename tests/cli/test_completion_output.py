"""The three ways to print a completion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsp_server.cli.completion_output import cost_line, print_json, print_shown, print_text
from lsp_server.cli.document import Document
from lsp_server.cli.location import LineIndex
from lsp_server.completion.query import CompletionOutcome, OutcomeReason, Suggestion
from lsp_server.engine.api import Cost, EndReason

TEXT = "x = 1\r\ny = f()\r\n"
CURSOR = TEXT.index(")")
DOCUMENT = Document(Path("/a.py"), "a.py", "python", TEXT, LineIndex(TEXT), CURSOR)


def outcome_with(*texts: str) -> CompletionOutcome:
    return CompletionOutcome(
        reason=OutcomeReason.SHOWN if texts else OutcomeReason.EMPTY,
        suggestions=tuple(Suggestion(text, CURSOR, CURSOR + 1, EndReason.STOP) for text in texts),
        model="/models/small.gguf",
        cost=Cost(tokens_computed=1_214, tokens_reused=3, tokens_generated=19),
        stage_ms={"generate": 340.00049, "total": 345.2},
    )


def test_text_is_the_suggestion_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(outcome_with("x)\n"))
    assert capsys.readouterr() == ("x)\n\n", "")


def test_several_suggestions_are_numbered(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(outcome_with("x)", "y)"))
    assert capsys.readouterr().out == "[1]\nx)\n[2]\ny)\n"


def test_no_suggestion_is_said_apart_from_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(outcome_with())
    assert capsys.readouterr() == ("", "bantam: no suggestion: the model had nothing to add\n")


def test_json_has_the_documented_shape(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(outcome_with("'\N{PARTY POPPER}')"), DOCUMENT)
    assert json.loads(capsys.readouterr().out) == {
        "items": [
            {
                "text": "'\N{PARTY POPPER}')",
                "range": {"start": {"line": 2, "column": 7}, "end": {"line": 2, "column": 8}},
                "finish_reason": "stop",
            }
        ],
        "model": "/models/small.gguf",
        "tokens": {"computed": 1_214, "reused": 3, "shifted": 0, "generated": 19},
        "ms": {"generate": 340.0, "total": 345.2},
    }


def test_json_without_a_suggestion_has_no_items(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(outcome_with(), DOCUMENT)
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_cost_is_one_line() -> None:
    assert cost_line(outcome_with("x")) == (
        "small.gguf · 1,214 tokens computed, 3 reused, 19 generated · 345 ms"
    )


def test_shown_is_the_file_the_model_and_the_cost(capsys: pytest.CaptureFixture[str]) -> None:
    print_shown(outcome_with("x)"), DOCUMENT)
    assert capsys.readouterr().out.splitlines() == [
        "1 │ x = 1",
        "2 │ y = f(«x)»",
        "",
        cost_line(outcome_with("x")),
    ]
