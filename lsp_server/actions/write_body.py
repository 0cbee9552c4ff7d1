"""Write the body of the function or class at the cursor."""

from __future__ import annotations

import re

from lsp_server.actions.body_gap import BodyGap, find_body_gap
from lsp_server.actions.generating import Generator, OnProgress, Stop
from lsp_server.actions.indentation import leading_blanks
from lsp_server.actions.infilling import Hole, cursor_in, fill
from lsp_server.actions.scene import Scene, name_of
from lsp_server.actions.soundness import breaks
from lsp_server.actions.values import REWRITE, Effect, Need, Offer, Result
from lsp_server.completion.stops.at_repetition import stop_at_repetition
from lsp_server.completion.stops.at_suffix_line import stop_at_suffix_line
from lsp_server.context.brackets import surplus_closers
from lsp_server.errors import ActionError


class WriteBody:
    """Fills a body that is missing, or a placeholder such as `pass`."""

    name = "write_body"
    kind = REWRITE
    need = Need.INFILL
    effect = Effect.EDIT
    takes_words = False
    where = "a function or class whose body is empty or a placeholder such as pass"

    def offers(self, scene: Scene) -> tuple[Offer, ...]:
        """Return one offer in a definition without a body of its own."""
        found = scene.definition
        if found is None or find_body_gap(scene, found) is None:
            return ()
        return (Offer(self.name, f"Write the body of {name_of(found)}"),)

    async def perform(self, scene: Scene, generator: Generator, on_progress: OnProgress) -> Result:
        """Have the body written, and keep as many of its rows as the grammar understands."""
        found = scene.definition
        gap = find_body_gap(scene, found) if found is not None else None
        assert gap is not None, "there is an offer"
        hole = Hole(scene.text[: gap.start] + gap.before, gap.after + scene.text[gap.end :])
        written = await fill(
            hole, scene.query, generator, on_progress, _stop_at_end_of_body(scene, hole, gap)
        )
        rows = written.text.rstrip().split("\n")
        if not written.is_finished and len(rows) > 1:
            rows.pop()
        while rows and "\n".join(rows).strip():
            text = gap.before + "\n".join(rows).strip() + gap.after
            is_whole = not _opens_block(scene, rows[-1])
            if is_whole and not breaks(scene, gap.start, gap.end, text):
                return scene.edit(gap.start, gap.end, text)
            rows.pop()
        raise ActionError(
            "the model wrote no body that the file's grammar understands; nothing was changed: "
            "write its first line yourself, or choose a larger model in model.name"
        )


def _opens_block(scene: Scene, row: str) -> bool:
    """Whether a row opens a block by indentation: the grammar takes an empty one for sound."""
    assert scene.parsed is not None, "there is an offer"
    language = scene.parsed.language
    is_blank = not row.strip()
    return is_blank or (
        language.indented_blocks and re.search(language.block_row, row.rstrip()) is not None
    )


def _stop_at_end_of_body(scene: Scene, hole: Hole, gap: BodyGap) -> Stop:
    cursor = cursor_in(hole, scene.query)
    parsed = scene.parsed
    assert parsed is not None, "there is an offer"
    line_comment = parsed.language.line_comment
    is_indented = parsed.language.indented_blocks

    def stop(text: str) -> int | None:
        ends = [stop_at_repetition(text, cursor), stop_at_suffix_line(text, cursor)]
        if is_indented:
            ends.append(_end_by_indentation(text, len(gap.indentation)))
        else:
            ends.append(_end_by_brackets(text, line_comment))
        return min((end for end in ends if end is not None), default=None)

    return stop


def _end_by_indentation(text: str, num_blanks: int) -> int | None:
    """Return where the first complete row begins that is indented less than the body."""
    position = text.find("\n")
    while 0 <= position < text.rfind("\n"):
        end = text.find("\n", position + 1)
        row = text[position + 1 : end]
        if row.strip() and len(leading_blanks(row)) < num_blanks and row.lstrip()[0] not in ")]}":
            return position
        position = end
    return None


def _end_by_brackets(text: str, line_comment: str) -> int | None:
    """Return where the bracket stands that closes the body."""
    if not surplus_closers(text, line_comment):
        return None
    return next(
        place
        for place, character in enumerate(text)
        if character in ")]}" and surplus_closers(text[: place + 1], line_comment)
    )
