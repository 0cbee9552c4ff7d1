"""Explain the selected code, or the definition at the cursor."""

from __future__ import annotations

from lsp_server.actions.conversation import cursor_of, explain_conversation, room_for
from lsp_server.actions.generating import Generator, OnProgress, Order
from lsp_server.actions.regions import Region, definition_region, selected_region
from lsp_server.actions.rewriting import require_chat
from lsp_server.actions.scene import Scene, name_of
from lsp_server.actions.values import EXPLANATION, Effect, Need, Offer, Result, TextResult
from lsp_server.context.render import render
from lsp_server.errors import ActionError

#: How models of the DeepSeek-R1 and Qwen3 families mark what they think (their chat templates).
_THOUGHT_BEGIN, _THOUGHT_END = "<think>", "</think>"


class Explain:
    """Answers in words and changes nothing."""

    name = "explain"
    kind = EXPLANATION
    need = Need.CHAT
    effect = Effect.TEXT
    takes_words = False
    where = "a selection, or a cursor in a function or class"

    def offers(self, scene: Scene) -> tuple[Offer, ...]:
        """Return one offer where there is something to explain."""
        if selected_region(scene) is not None:
            return (Offer(self.name, "Explain the selection"),)
        found = scene.definition
        return (Offer(self.name, f"Explain {name_of(found)}"),) if found is not None else ()

    async def perform(self, scene: Scene, generator: Generator, on_progress: OnProgress) -> Result:
        """Have it explained."""
        region = _region(scene)
        info = await generator.info()
        require_chat(info)
        room = room_for(region, info, generator.max_tokens(info))
        context = render(await generator.context(cursor_of(scene, region)))
        talk = explain_conversation(scene, region, room, context)
        written = await generator.write(Order(scene.query.uri, talk.segments), on_progress)
        said = _without_thoughts(written.text).strip()
        if not said:
            raise ActionError("the model had nothing to say; ask again, or choose another model")
        return TextResult(said + ("\n" if written.is_finished else " …\n"))


def _without_thoughts(text: str) -> str:
    """Return what a model says after thinking aloud, if it does."""
    if text.lstrip().startswith(_THOUGHT_BEGIN) and _THOUGHT_END not in text:
        return ""
    return text.rpartition(_THOUGHT_END)[2]


def _region(scene: Scene) -> Region:
    region = selected_region(scene)
    if region is not None:
        return region
    found = scene.definition
    assert found is not None, "there is an offer"
    return definition_region(scene, found)
