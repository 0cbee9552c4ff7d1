"""From records to the page and its pictures.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scripts.performance_page.section import Section, Values
from scripts.performance_page.sections.batching import batching_section
from scripts.performance_page.sections.busy import busy_section
from scripts.performance_page.sections.contention import contention_section
from scripts.performance_page.sections.keystrokes import keystrokes_section
from scripts.performance_page.sections.memory import memory_section
from scripts.performance_page.sections.overhead import overhead_section
from scripts.performance_page.sections.startup import startup_section

#: In the order of the page.
SECTIONS: Mapping[str, Callable[[Values], Section]] = {
    "keystrokes": keystrokes_section,
    "contention": contention_section,
    "batching": batching_section,
    "overhead": overhead_section,
    "startup": startup_section,
    "busy": busy_section,
    "memory": memory_section,
}

_HEAD = "\n".join(
    [
        "# Performance",
        "",
        "What was measured, beside llama-server of the same llama.cpp.",
        "[benchmarks.md](benchmarks.md) says how: what is asked of both systems, and what they "
        "have in common.",
        "Numbers in brackets are the ends of 95 % intervals.",
        "",
        "This page is written by `scripts/write_performance_page` from the records in "
        "`docs/measurements`; do not edit it.",
        "",
    ]
)


@dataclass(frozen=True, slots=True)
class Page:
    """The page and what it shows.

    Attributes:
        text: Markdown.
        pictures: SVG by file name, in the folder `images` beside the page.
    """

    text: str
    pictures: Mapping[str, str]


def make_page(records: Mapping[str, Values]) -> Page:
    """Return the page of some records, in the order of `SECTIONS`."""
    sections = {name: make(records[name]) for name, make in SECTIONS.items() if name in records}
    parts = [_HEAD, _losses(sections)]
    parts += [_part(name, section, records[name]) for name, section in sections.items()]
    pictures = {_picture_name(name): section.picture for name, section in sections.items()}
    return Page("\n".join(parts), pictures)


def _losses(sections: Mapping[str, Section]) -> str:
    lines = [
        f"- {section.title}: {loss}" for section in sections.values() for loss in section.losses
    ]
    return "\n".join(["## Where we lose", "", *(lines or ["Nowhere in what was measured."]), ""])


def _part(name: str, section: Section, record: Values) -> str:
    note = [f"**{record['note']}**", ""] if record["note"] else []
    return "\n".join(
        [
            *(f"## {section.title}", "", *note, section.text, ""),
            *(f"![{section.title}](images/{_picture_name(name)})", ""),
            *(_conditions(record), ""),
        ]
    )


def _picture_name(name: str) -> str:
    return f"performance-{name}.svg"


def _conditions(record: Values) -> str:
    """Return under which conditions a record was made, and how to make it again."""
    values = record["conditions"]
    threads = f", threads: {values['threads']}" if values["threads"] else ""
    peer = f"; peer: {values['peer']}" if values["peer"] else ""
    return (
        f"`{record['command']}`: {values['model']}, `n_ctx` {values['n_ctx']:,}{threads}; "
        f"{values['library']}{peer}; {values['cores']} cores of {values['processor']} "
        f"({', '.join(values['features'])}), load {values['load_before']:.1f} before and "
        f"{values['load_after']:.1f} after."
    )
