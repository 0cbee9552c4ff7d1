"""Indentation: the document's own, and code fitted to it.  Pure."""

from __future__ import annotations

import textwrap
from collections import Counter

_MAX_SPACES = 8


def leading_blanks(row: str) -> str:
    """Return what a row is indented with."""
    return row[: len(row) - len(row.lstrip(" \t"))]


def indentation_unit(text: str, default: str) -> str:
    """Return what one level of indentation is in a text: a tab or some spaces."""
    steps: Counter[str] = Counter()
    previous = ""
    for row in text.split("\n"):
        if not row.strip():
            continue
        blanks = leading_blanks(row)
        step = blanks.removeprefix(previous)
        if blanks != previous and blanks.startswith(previous) and len(step) <= _MAX_SPACES:
            steps["\t" if step.startswith("\t") else step] += 1
        previous = blanks
    steps.pop(" ", None)
    return steps.most_common(1)[0][0] if steps else default


def fit_indentation(code: str, base: str, unit: str) -> str:
    r"""Return code with `base` before its outermost rows and `unit` for each level in it.

    Args:
        code: Rows that end with `\n`, as a model wrote them.
        base: What the rows are to begin with.
        unit: One level in the document.
    """
    rows = textwrap.dedent(_without_first_row_dedented(code)).split("\n")
    own = indentation_unit("\n".join(rows), unit)
    return "\n".join(
        base + _with_unit(row, own, unit).rstrip() if row.strip() else "" for row in rows
    )


def _without_first_row_dedented(code: str) -> str:
    """Return code whose first row is indented like the others, where a model forgot that."""
    first, newline, rest = code.partition("\n")
    rows = [row for row in rest.split("\n") if row.strip()]
    if leading_blanks(first) or not rows:
        return code
    least = min((leading_blanks(row) for row in rows), key=len)
    # What a first row opens is deeper by itself; that says nothing of the rows at the margin.
    is_opener = first.rstrip().endswith((":", "{", "(", "["))
    is_whole = is_opener and leading_blanks(rows[0]) == least
    return code if is_whole or not least else f"{least}{first}{newline}{rest}"


def _with_unit(row: str, own: str, unit: str) -> str:
    blanks = leading_blanks(row)
    num_levels = 0
    while blanks.startswith(own):
        blanks = blanks[len(own) :]
        num_levels += 1
    return unit * num_levels + blanks + row.lstrip(" \t")
