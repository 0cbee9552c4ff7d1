"""The story of a code action: look at the scene, offer, and do what was chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

from lsp_server.actions.abilities import Abilities, abilities_of_file, abilities_of_info
from lsp_server.actions.generating import Generator, OnProgress, ignore_progress
from lsp_server.actions.registry import ACTIONS, find_action
from lsp_server.actions.scene import Scene
from lsp_server.actions.values import ActionQuery, Offer, Result
from lsp_server.completion.loading import LoadingReporter
from lsp_server.engine.api import Engine, LoadingEvent
from lsp_server.errors import BantamError, UsageError
from lsp_server.settings.schema import Settings


class Actor:
    """Offers actions without the model, and does them with the model of the settings."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        on_loading: Callable[[LoadingEvent], None] | None = None,
    ) -> None:
        """Prepare; nothing is read and the engine is not asked.

        Args:
            engine: Who runs the model; stays the caller's to close.
            settings: The model and the limits of an answer.
            on_loading: Called while the model is being loaded; the last call of each loading
                has the fraction 1, however it ended.
        """
        self._model = settings.model.name
        self._generator = Generator(engine, settings, LoadingReporter(on_loading))
        self._abilities: Abilities | None = None

    async def offers(self, query: ActionQuery) -> tuple[Offer, ...]:
        """Return what can be done at a place; those that the model cannot do say why."""
        scene = await asyncio.to_thread(Scene.of, query)
        if self._abilities is None:
            self._abilities = await asyncio.to_thread(abilities_of_file, self._model)
        return tuple(_offers(scene, self._abilities))

    async def perform(
        self, name: str, query: ActionQuery, on_progress: OnProgress = ignore_progress
    ) -> Result:
        """Do an action.  Cancelling this frees what the engine holds.

        Args:
            name: The action's name.
            query: Where, with the one diagnostic or the instruction that it is about.
            on_progress: Takes how many tokens were written so far.

        Raises:
            UsageError: There is no such action, or it cannot be done at this place.
            ActionError: What the model wrote cannot be used.
            BantamError: The engine or the model failed.
        """
        action = find_action(name)
        scene = await asyncio.to_thread(Scene.of, query)
        if not action.offers(scene):
            raise UsageError(f"{action.name} cannot be done at this place: it needs {action.where}")
        await self._learn()
        return await action.perform(scene, self._generator, on_progress)

    async def aclose(self) -> None:
        """Stop waiting for the model."""
        await self._generator.aclose()

    async def _learn(self) -> None:
        """Load the model, and remember what it can do for the next offers.

        Raises:
            BantamError: The model cannot be used.
        """
        try:
            self._abilities = abilities_of_info(await self._generator.info())
        except BantamError:
            # Another file may stand there, or another engine answer, when it works again.
            self._abilities = None
            raise


def _offers(scene: Scene, abilities: Abilities) -> Iterator[Offer]:
    for action in ACTIONS:
        for offer in action.offers(scene):
            yield replace(
                offer,
                kind=action.kind,
                effect=action.effect,
                disabled=abilities.lack(action.need),
            )
