"""Which rows of a document an action is about, and what else of it the model is shown.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.actions.scene import Scene
from lsp_server.context.definitions import Found

#: Rows around something outside of any definition.
_NUM_ROWS_AROUND = 5
#: Of what may be shown besides the region, this share stands before it.
_SHARE_BEFORE = 0.6


@dataclass(frozen=True, slots=True)
class Region:
    """Whole rows, without the line break of the last."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whole rows right before and after a region."""

    before: str
    after: str


def selected_region(scene: Scene) -> Region | None:
    """Return the rows of the selection; `None` for a cursor and for blank rows."""
    if scene.start == scene.end:
        return None
    # A selection of whole rows ends at the beginning of the next one.
    last = scene.end - 1 if scene.text[scene.end - 1] == "\n" else scene.end
    region = Region(scene.row_start(scene.start), scene.row_end(max(scene.start, last)))
    return region if scene.text[region.start : region.end].strip() else None


def definition_region(scene: Scene, found: Found) -> Region:
    """Return the rows of a definition."""
    start, end = scene.span(found.node)
    return Region(scene.row_start(start), scene.row_end(end))


def rows_around(scene: Scene, start: int, end: int) -> Region:
    """Return the rows of a range and a few around it."""
    first, last = scene.row_start(start), scene.row_end(end)
    for _ in range(_NUM_ROWS_AROUND):
        first = scene.row_start(max(0, first - 1))
        last = scene.row_end(min(len(scene.text), last + 1))
    return Region(first, last)


def surroundings(scene: Scene, region: Region, num_chars: int) -> Surroundings:
    """Return as many rows around a region as fit."""
    num_before = min(region.start, int(num_chars * _SHARE_BEFORE))
    num_after = num_chars - num_before
    before = scene.text[region.start - num_before : region.start]
    after = scene.text[region.end + 1 : region.end + 1 + num_after]
    if num_before < region.start:
        before = before.partition("\n")[2]
    if region.end + 1 + num_after < len(scene.text):
        after = after.rpartition("\n")[0]
    return Surroundings(before, after)
