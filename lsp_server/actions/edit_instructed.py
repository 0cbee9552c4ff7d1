"""Change the selected code, or the definition at the cursor, as a person asks in words.

The words come with the request, or stand in a comment on the first row of the selection or on
the row above it: `# bantam: make this iterative`.  `TODO` and `FIXME` do as well.  The comment
goes away with the edit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lsp_server.actions.generating import Generator, OnProgress
from lsp_server.actions.regions import Region, definition_region, selected_region
from lsp_server.actions.rewriting import rewrite
from lsp_server.actions.scene import Scene
from lsp_server.actions.values import REWRITE, EditResult, Effect, Need, Offer, Result
from lsp_server.context.definitions import Found

_COMMENT = re.compile(
    r"[ \t]*(?:#|//|--|/\*)[ \t]*(?:bantam|todo|fixme)(?:\([^)\n]*\))?:[ \t]*(?P<words>\S.*?)"
    r"[ \t]*(?:\*/)?[ \t]*",
    re.IGNORECASE,
)
_MAX_TITLE_CHARS = 50


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to change, as whom it was asked, and the comment that asked."""

    region: Region
    words: str
    comment: Region | None


class EditInstructed:
    """Has a part of the document written anew."""

    name = "edit_instructed"
    kind = REWRITE
    need = Need.CHAT
    effect = Effect.EDIT
    takes_words = True
    where = (
        "an instruction, or a comment such as `# bantam: make this iterative` on or above the "
        "first line of the selection or of a function or class"
    )

    def offers(self, scene: Scene) -> tuple[Offer, ...]:
        """Return one offer where there are words to follow and something to change."""
        plan = _plan(scene)
        if plan is None:
            return ()
        words = plan.words
        if len(words) > _MAX_TITLE_CHARS:
            words = words[: _MAX_TITLE_CHARS - 1] + "…"
        return (Offer(self.name, f"Edit as instructed: {words}"),)

    async def perform(self, scene: Scene, generator: Generator, on_progress: OnProgress) -> Result:
        """Have it changed, and take the comment away that asked for it."""
        plan = _plan(scene)
        assert plan is not None, "there is an offer"
        task = f"Change it like this:\n\n    {plan.words}"
        edit = await rewrite(scene, plan.region, task, generator, on_progress)
        return _without_comment(scene, edit, plan.comment) if plan.comment else edit


def _plan(scene: Scene) -> _Plan | None:
    region = selected_region(scene)
    if region is None:
        found = scene.definition
        row = Region(scene.row_start(scene.start), scene.row_end(scene.start))
        if _words(scene, row):
            # The cursor is on the comment itself: it speaks of what begins on the next row.
            found = _definition_below(scene, row)
        region = definition_region(scene, found) if found is not None else None
        if region is None:
            return None
    if scene.query.instruction.strip():
        return _Plan(region, " ".join(scene.query.instruction.split()), None)
    first = Region(region.start, scene.row_end(region.start))
    if words := _words(scene, first):
        rest = Region(min(first.end + 1, region.end), region.end)
        is_left = bool(scene.text[rest.start : rest.end].strip())
        return _Plan(rest, words, first) if is_left else None
    if region.start == 0:
        return None
    above = Region(scene.row_start(region.start - 1), region.start - 1)
    words = _words(scene, above)
    return _Plan(region, words, above) if words else None


def _definition_below(scene: Scene, row: Region) -> Found | None:
    """Return the definition that begins on the row after one."""
    if row.end >= len(scene.text):
        return None
    below = replace(scene, start=scene.row_end(row.end + 1), end=scene.row_end(row.end + 1))
    return below.definition


def _words(scene: Scene, row: Region) -> str:
    """Return what a comment on a row asks for; empty without one."""
    found = _COMMENT.fullmatch(scene.text[row.start : row.end])
    return found["words"] if found else ""


def _without_comment(scene: Scene, edit: EditResult, comment: Region) -> EditResult:
    """Return the edit with the comment's row in its range, and not in its text."""
    end_of_comment = min(comment.end + 1, len(scene.text))
    start = scene.plain.offset_in_document(comment.start)
    kept = scene.query.text[scene.plain.offset_in_document(end_of_comment) : edit.start]
    return EditResult(start, edit.end, kept + edit.text)
