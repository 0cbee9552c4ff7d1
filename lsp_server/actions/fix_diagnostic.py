"""Fix what a compiler or linter says is wrong at the selection."""

from __future__ import annotations

from lsp_server.actions.generating import Generator, OnProgress
from lsp_server.actions.regions import Region, definition_region, rows_around
from lsp_server.actions.rewriting import rewrite
from lsp_server.actions.scene import Scene
from lsp_server.actions.values import QUICK_FIX, Diagnostic, Effect, Need, Offer, Result

#: A menu with more than this helps nobody.
_MAX_OFFERS = 3
_MAX_TITLE_CHARS = 60
_MAX_MESSAGE_CHARS = 500


class FixDiagnostic:
    """Has the definition around a diagnostic written anew."""

    name = "fix_diagnostic"
    kind = QUICK_FIX
    need = Need.CHAT
    effect = Effect.EDIT
    takes_words = True
    where = "a place with a diagnostic"

    def offers(self, scene: Scene) -> tuple[Offer, ...]:
        """Return an offer for each of the first diagnostics on the rows of the selection."""
        near = [one for one in scene.diagnostics if _is_near(scene, one)]
        by_key = {one.key: one for one in scene.query.diagnostics}
        return tuple(
            Offer(self.name, f"Fix: {_title(one.message)}", by_key[one.key])
            for one in near[:_MAX_OFFERS]
        )

    async def perform(self, scene: Scene, generator: Generator, on_progress: OnProgress) -> Result:
        """Have the first diagnostic near the selection fixed."""
        diagnostic = next(one for one in scene.diagnostics if _is_near(scene, one))
        line = scene.text[scene.row_start(diagnostic.start) : scene.row_end(diagnostic.start)]
        task = (
            f"There is a problem on this line:\n\n    {line.strip()}\n\nThe problem is:\n\n"
            f"    {_one_line(diagnostic.message)[:_MAX_MESSAGE_CHARS]}\n\nFix it."
        )
        region = _region(scene, diagnostic)
        return await rewrite(scene, region, task, generator, on_progress)


def _region(scene: Scene, diagnostic: Diagnostic) -> Region:
    found = scene.definition
    around = rows_around(scene, diagnostic.start, diagnostic.end)
    if found is None:
        return around
    region = definition_region(scene, found)
    is_inside = region.start <= diagnostic.start <= region.end
    return region if is_inside else around


def _is_near(scene: Scene, diagnostic: Diagnostic) -> bool:
    first, last = scene.row_start(scene.start), scene.row_end(scene.end)
    return diagnostic.start <= last and diagnostic.end >= first


def _title(message: str) -> str:
    line = _one_line(message)
    return line if len(line) <= _MAX_TITLE_CHARS else line[: _MAX_TITLE_CHARS - 1] + "…"


def _one_line(message: str) -> str:
    return " ".join(message.split())
