"""What a benchmark comes to on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What a benchmark wrote, as JSON gives it back.
Values = Mapping[str, Any]

#: What the page calls the two systems, by their names in the records.
SYSTEMS = {"bantam": "Bantam", "peer": "llama-server"}


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's part of the page.

    Attributes:
        title: Its heading.
        text: Markdown: tables, and what holds of what is wanted.
        picture: SVG.
        losses: Where we do worse than the peer, or than what is wanted; sentences.
    """

    title: str
    text: str
    picture: str
    losses: tuple[str, ...]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, its first column to the left and the others to the right."""
    rule = ["---", *("---:" for _ in headings[1:])]
    lines = [headings, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(wanted: str, failures: Sequence[str]) -> str:
    """Return a sentence that says what is wanted, and where it does not hold."""
    if not failures:
        return f"Wanted: {wanted}. It holds."
    return f"Wanted: {wanted}. **It does not hold** for {', '.join(failures)}."
