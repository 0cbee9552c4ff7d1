"""What a model is asked: holes in held-out source, chosen by rules and a seed, never by hand."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.cross_file import CrossFile
from scripts.embedded_model.evaluation.names import foreign_names, uses_name
from scripts.embedded_model.holes import LineHole, every_function_hole, is_fitting_line

MIN_LINES, MAX_LINES = 2, 6
MAX_SPAN_CHARS = 60
TAIL_TOKENS = (0, 16, 64, 256)


class Kind(enum.Enum):
    """What is missing."""

    LINE = "line"
    TRIVIAL = "trivial line"
    MULTI_LINE = "several lines"
    SPAN = "random span"
    CROSS_FILE = "line with a name from another file"


class Order(enum.Enum):
    """How the prompt is laid out."""

    PRODUCT = "as the server asks"
    PSM = "prefix, suffix, middle"


@dataclass(frozen=True, slots=True)
class Case:
    """One question to a model.

    Attributes:
        key: Names it in the file of results; the same for the same question.
        kind: What is missing.
        project: Held-out project.
        path: File in it.
        before: Text up to the cursor, which stands after the indentation of a missing line.
        expected: What is missing.
        after: Text behind it.
        order: Layout of the prompt.
        tail_tokens: How far before the cursor the anchor stands, about; `None` for no anchor.
        context: Blocks of other files, each with its path comment.
    """

    key: str
    kind: Kind
    project: str
    path: str
    before: str
    expected: str
    after: str
    order: Order = Order.PRODUCT
    tail_tokens: int | None = 0
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many holes of each kind; `layouts` are single lines asked in every layout."""

    lines: int = 2_000
    trivial: int = 300
    multi_line: int = 300
    spans: int = 300
    cross_file: int = 300
    layouts: int = 300


def make_cases(files: Sequence[SourceFile], sizes: Sizes, seed: int) -> list[Case]:
    """Every question, in a fixed order: the same for the same files, sizes and seed."""
    holes = _shuffled(every_function_hole(files, seed, is_fitting_line), seed)
    trivial = _shuffled(every_function_hole(files, seed, _is_trivial_line), seed)
    cases = [_line_case(hole, Kind.LINE) for hole in holes[: sizes.lines]]
    cases += [_line_case(hole, Kind.TRIVIAL) for hole in trivial[: sizes.trivial]]
    rng = Random(seed)
    cases += [_multi_line_case(hole, rng) for hole in holes[: sizes.multi_line]]
    cases += [_span_case(hole, rng) for hole in holes[: sizes.spans]]
    cases += _cross_file_cases(files, holes, sizes.cross_file)
    for hole in holes[: sizes.layouts]:
        cases += _layout_cases(hole)
    return cases


def _shuffled(holes: Iterator[LineHole], seed: int) -> list[LineHole]:
    found = list(holes)
    Random(seed).shuffle(found)
    return found


def _case(hole: LineHole, kind: Kind, before: str, expected: str, after: str) -> Case:
    place = f"{kind.name}|{hole.project}|{hole.path}|{len(before)}|{expected}"
    key = hashlib.blake2b(place.encode("utf-8"), digest_size=8).hexdigest()
    return Case(key, kind, hole.project, hole.path, before, expected, after)


def _line_case(hole: LineHole, kind: Kind) -> Case:
    return _case(hole, kind, hole.prefix + hole.indent, hole.expected, hole.suffix)


def _multi_line_case(hole: LineHole, rng: Random) -> Case:
    """The line and some after it, up to the last one with text."""
    num_more = rng.randint(MIN_LINES, MAX_LINES) - 1
    lines = hole.suffix[1:].split("\n")
    taken = "\n".join(lines[:num_more]).rstrip()
    expected = f"{hole.expected}\n{taken}" if taken else hole.expected
    rest = hole.suffix[1 + len(taken) :] if taken else hole.suffix
    return _case(hole, Kind.MULTI_LINE, hole.prefix + hole.indent, expected, rest)


def _span_case(hole: LineHole, rng: Random) -> Case:
    """Some characters within the line."""
    start = rng.randrange(len(hole.expected))
    end = rng.randint(start + 1, min(len(hole.expected), start + MAX_SPAN_CHARS))
    before = hole.prefix + hole.indent + hole.expected[:start]
    after = hole.expected[end:] + hole.suffix
    return _case(hole, Kind.SPAN, before, hole.expected[start:end], after)


def _cross_file_cases(
    files: Sequence[SourceFile], holes: Sequence[LineHole], num_holes: int
) -> list[Case]:
    """Lines with a name that another file of the project defines, without and with its headers."""
    by_path = {(file.project, file.path): file for file in files}
    cross_file = CrossFile(files)
    cases: list[Case] = []
    for hole in holes:
        if len(cases) >= 2 * num_holes:
            break
        file = by_path[hole.project, hole.path]
        blocks = tuple(cross_file.blocks(file, Random(0)))
        if not uses_name(hole.expected, foreign_names(file, blocks)):
            continue
        without = _line_case(hole, Kind.CROSS_FILE)
        cases.append(_changed(without, "without"))
        cases.append(_changed(without, "with", context=blocks))
    return cases


def _layout_cases(hole: LineHole) -> Iterator[Case]:
    """One line in every layout: both orders, each without an anchor and with one at each tail."""
    case = _line_case(hole, Kind.LINE)
    for order in Order:
        yield _changed(case, f"{order.name}-plain", order=order, tail_tokens=None)
        for tail in TAIL_TOKENS:
            yield _changed(case, f"{order.name}-{tail}", order=order, tail_tokens=tail)


def _changed(case: Case, suffix: str, **changes: object) -> Case:
    return dataclasses.replace(case, key=f"{case.key}-{suffix}", **changes)  # type: ignore[arg-type]


def _is_trivial_line(lines: Sequence[str], line_idx: int) -> bool:
    """Whether a line has text and no hole of the main kind may be made of it."""
    return bool(lines[line_idx].strip()) and not is_fitting_line(lines, line_idx)
