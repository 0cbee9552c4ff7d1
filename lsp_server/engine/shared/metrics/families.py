"""Metrics as text, in Prometheus's exposition format 0.0.4.  Pure.

Format: prometheus/docs `content/docs/instrumenting/exposition_formats.md`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lsp_server.engine.status import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """All series of one metric.

    Attributes:
        name: Of the metric.
        kind: What its values are.
        help_text: For people.
        values: Value by labels; a histogram's are histograms.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help_text: str
    values: list[tuple[Labels, float | Histogram]] = field(default_factory=list)

    def add(self, value: float | Histogram, **labels: str) -> None:
        """Add a series."""
        self.values.append((labels, value))


def exposition(families: Iterable[Family]) -> str:
    """Return the text; metrics without a series are left out."""
    lines = itertools.chain.from_iterable(_lines(family) for family in families if family.values)
    return "".join(f"{line}\n" for line in lines)


def _lines(family: Family) -> Iterator[str]:
    help_text = family.help_text.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {family.name} {help_text}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.values:
        if isinstance(value, Histogram):
            yield from _histogram_lines(family.name, labels, value)
        else:
            yield _line(family.name, labels, value)


def _histogram_lines(name: str, labels: Labels, histogram: Histogram) -> Iterator[str]:
    bounds = [*map(repr, histogram.bounds), "+Inf"]
    counts = histogram.counts or (0,) * len(bounds)
    for bound, below in zip(bounds, itertools.accumulate(counts), strict=True):
        yield _line(f"{name}_bucket", {**labels, "le": bound}, below)
    yield _line(f"{name}_sum", labels, histogram.total)
    yield _line(f"{name}_count", labels, sum(counts))


def _line(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value!r}" if pairs else f"{name} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
