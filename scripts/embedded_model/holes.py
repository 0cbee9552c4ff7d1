"""Single-line holes in held-out source, chosen by rules and a seed, never by hand.

A hole is one line inside a function, after its indentation: at least 8 characters besides blanks,
no import, comment or decorator, not brackets alone, no line that stands again within 20 lines, not
in a docstring or another string of several lines, and at most one in each function.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from .collect import SourceFile

MIN_CHARS = 8
REPEAT_LINES = 20

_BRACKETS = frozenset("()[]{},:")
_NOT_CODE = ("import ", "from ", "#", "@", '"""', "'''")


@dataclass(frozen=True, slots=True)
class LineHole:
    """A line to be completed; `prefix` ends at its start, `suffix` begins with its line feed."""

    project: str
    path: str
    line_idx: int
    prefix: str
    indent: str
    expected: str
    suffix: str


def choose_holes(files: Sequence[SourceFile], num_holes: int, seed: int) -> list[LineHole]:
    """Holes from all files, the same for the same files and seed; fewer if there are no more."""
    holes = list(every_function_hole(files, seed, is_fitting_line))
    Random(seed).shuffle(holes)
    return holes[:num_holes]


def every_function_hole(
    files: Sequence[SourceFile], seed: int, is_fitting: Callable[[Sequence[str], int], bool]
) -> Iterator[LineHole]:
    """One hole from each function of all files that has a fitting line."""
    rng = Random(seed)
    for file in files:
        yield from _holes_of_file(file, rng, is_fitting)


def _holes_of_file(
    file: SourceFile, rng: Random, is_fitting: Callable[[Sequence[str], int], bool]
) -> Iterator[LineHole]:
    """One hole from each function that has a fitting line."""
    try:
        tree = ast.parse(file.text)
    except SyntaxError:
        return
    lines = file.text.split("\n")
    in_strings = _string_lines(tree)
    taken: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
            continue
        body = range(node.body[0].lineno - 1, node.end_lineno or node.lineno)
        if not taken.isdisjoint(body):
            continue
        fitting = [i for i in body if i not in in_strings and is_fitting(lines, i)]
        if fitting:
            line_idx = rng.choice(fitting)
            taken.add(line_idx)
            yield _make_hole(file, lines, line_idx)


def is_fitting_line(lines: Sequence[str], line_idx: int) -> bool:
    """Whether a line may be a hole, going by its text and its neighbours."""
    text = lines[line_idx].strip()
    code = text.replace(" ", "")
    if len(code) < MIN_CHARS or text.startswith(_NOT_CODE):
        return False
    if set(code) <= _BRACKETS:
        return False
    near = [*lines[max(0, line_idx - REPEAT_LINES) : line_idx]]
    near += lines[line_idx + 1 : line_idx + 1 + REPEAT_LINES]
    return text not in {line.strip() for line in near}


def _string_lines(tree: ast.Module) -> set[int]:
    """Indices of the lines that belong to strings of more than one line."""
    covered: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno:
            covered.update(range(node.lineno - 1, node.end_lineno or node.lineno))
    return covered


def _make_hole(file: SourceFile, lines: Sequence[str], line_idx: int) -> LineHole:
    line = lines[line_idx]
    expected = line.lstrip()
    return LineHole(
        project=file.project,
        path=file.path,
        line_idx=line_idx,
        prefix="".join(f"{before}\n" for before in lines[:line_idx]),
        indent=line[: len(line) - len(expected)],
        expected=expected.rstrip(),
        suffix="\n" + "\n".join(lines[line_idx + 1 :]),
    )
