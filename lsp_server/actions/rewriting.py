"""Have a chat model write a region anew, and make the smallest edit of what it wrote."""

from __future__ import annotations

from lsp_server.actions.conversation import cursor_of, edit_conversation, require_at_most, room_for
from lsp_server.actions.fences import code_in
from lsp_server.actions.generating import Generator, OnProgress, Order
from lsp_server.actions.indentation import fit_indentation, leading_blanks
from lsp_server.actions.regions import Region
from lsp_server.actions.scene import Scene
from lsp_server.actions.soundness import breaks
from lsp_server.actions.values import EditResult
from lsp_server.context.render import render
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import ActionError, CannotChatError


def require_chat(info: ModelInfo) -> None:
    """Check that a model follows instructions.

    Raises:
        CannotChatError: It does not.
    """
    if not info.has_chat:
        raise CannotChatError(
            f"the model {info.model} cannot follow instructions: {info.chat_reason} Choose an "
            "instruct model in the setting model.name"
        )


async def rewrite(
    scene: Scene, region: Region, task: str, generator: Generator, on_progress: OnProgress
) -> EditResult:
    """Return the edit that does a task in a region.

    Raises:
        ActionError: What the model wrote is no code, does not parse, or changes nothing.
        BantamError: The engine or the model failed.
    """
    info = await generator.info()
    require_chat(info)
    max_tokens = generator.max_tokens(info)
    # The answer says the whole region again.
    require_at_most(region, int(max_tokens * info.chars_per_token), info)
    room = room_for(region, info, max_tokens)
    context = render(await generator.context(cursor_of(scene, region)))
    talk = edit_conversation(scene, region, task, room, context)
    written = await generator.write(
        Order(scene.query.uri, talk.segments, stop_texts=(talk.stop_text,)), on_progress
    )
    if not written.is_finished:
        raise ActionError(
            "the model did not come to an end within actions.max_tokens and actions.max_ms; "
            "nothing was changed: select less, or raise these settings"
        )
    code = code_in(talk.opening + written.text)
    if not code.strip():
        raise ActionError("the model wrote no code; nothing was changed: ask again in other words")
    return _edit(scene, region, _fitted(scene, region, code))


def _fitted(scene: Scene, region: Region, code: str) -> str:
    rows = scene.text[region.start : region.end].split("\n")
    margins = [leading_blanks(row) for row in rows if row.strip()]
    return fit_indentation(code, min(margins, key=len, default=""), scene.indentation_unit)


def _edit(scene: Scene, region: Region, new: str) -> EditResult:
    old = scene.text[region.start : region.end]
    if new == old:
        raise ActionError("the model would change nothing")
    if breaks(scene, region.start, region.end, new):
        raise ActionError(
            "what the model wrote does not parse; nothing was changed: ask again, or choose a "
            "larger model in model.name"
        )
    num_same = _num_same_rows(old, new)
    start = region.start + num_same
    old, new = old[num_same:], new[num_same:]
    num_same = _num_same_rows_at_end(old, new)
    return scene.edit(start, region.end - num_same, new[: len(new) - num_same])


def _num_same_rows(old: str, new: str) -> int:
    """Count the characters of the whole rows with which both texts begin."""
    count = 0
    while True:
        end = old.find("\n", count) + 1
        if not end or old[count:end] != new[count:end]:
            return count
        count = end


def _num_same_rows_at_end(old: str, new: str) -> int:
    """Count the characters of the whole rows with which both texts end, line break before."""
    count = 0
    while True:
        start = old.rfind("\n", 0, len(old) - count)
        if start < 0 or not new.endswith(old[start:]):
            return count
        count = len(old) - start
