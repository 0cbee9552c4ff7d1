"""How an answer is judged: exact match, likeness of the text, and whether the file still parses."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from scripts.embedded_model.evaluation.cases import Case, Kind
from scripts.embedded_model.scores import wilson_interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer, judged.

    Attributes:
        is_exact: The raw answer is what was missing, blanks at both ends aside.
        similarity: 0 to 1; twice the characters in common runs by the characters of both.
        does_parse: Python can read the file with the answer in it.
    """

    is_exact: bool
    similarity: float
    does_parse: bool


@dataclass(frozen=True, slots=True)
class Score:
    """Answers of one kind together, with the 95 % interval of exact match."""

    num_cases: int
    num_exact: int
    low: float
    high: float
    similarity: float
    parse_rate: float

    @property
    def exact_match(self) -> float:
        """Share of exact answers, 0 to 1."""
        return self.num_exact / self.num_cases


def judge(case: Case, answer: str) -> Verdict:
    """Judge a raw answer: its first line, or as many lines as are missing."""
    num_lines = case.expected.count("\n") + 1
    raw = "\n".join(answer.split("\n")[:num_lines])
    if case.kind is Kind.SPAN:
        given, wanted = raw, case.expected
    else:
        given, wanted = raw.strip(), case.expected.strip()
    return Verdict(
        is_exact=given == wanted,
        similarity=SequenceMatcher(None, given, wanted, autojunk=False).ratio(),
        does_parse=_parses(case.before + raw + case.after),
    )


def summarise(verdicts: Sequence[Verdict]) -> Score:
    """Put the verdicts of one kind together; there has to be one."""
    num_cases = len(verdicts)
    num_exact = sum(verdict.is_exact for verdict in verdicts)
    low, high = wilson_interval(num_exact, num_cases)
    return Score(
        num_cases=num_cases,
        num_exact=num_exact,
        low=low,
        high=high,
        similarity=sum(verdict.similarity for verdict in verdicts) / num_cases,
        parse_rate=sum(verdict.does_parse for verdict in verdicts) / num_cases,
    )


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        # Generated text has invalid escapes and the like, about which Python warns.
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
