"""The code actions of this server: one actor for as long as settings last."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsp_server.engine.api import Engine, LoadingEvent
from lsp_server.server.tasks import Closings
from lsp_server.settings.schema import Settings

if TYPE_CHECKING:
    from lsp_server.actions.actor import Actor

_ACTOR_MODULE = "lsp_server.actions.actor"


class ActionDesk:
    """Makes the actor when the first request needs it, like `Completer` its pipeline."""

    def __init__(
        self, get_engine: Callable[[], Engine], on_loading: Callable[[LoadingEvent], None]
    ) -> None:
        """Prepare.

        Args:
            get_engine: Returns the engine that answers; it stays its owner's to close.
            on_loading: Called while a model is being loaded.
        """
        self._get_engine = get_engine
        self._on_loading = on_loading
        self._settings = Settings()
        self._actor: Actor | None = None
        self._closings = Closings()
        self._is_closed = False

    async def warm_up(self) -> None:
        """Import what actions need in a thread, so that the first menu need not wait for it."""
        await asyncio.to_thread(importlib.import_module, _ACTOR_MODULE)

    async def actor(self) -> Actor:
        """Return the actor for the settings that count now.

        Raises:
            CancelledError: The server is shutting down.
        """
        if self._actor is None:
            await self.warm_up()
        if self._is_closed:
            raise asyncio.CancelledError("the server is shutting down")
        if self._actor is None:
            from lsp_server.actions.actor import Actor

            self._actor = Actor(self._get_engine(), self._settings, self._on_loading)
        return self._actor

    async def use(self, settings: Settings) -> None:
        """Do later actions with other settings."""
        self._settings = settings
        await self._close_actor()

    async def aclose(self) -> None:
        """Stop waiting for the model; may be called twice."""
        self._is_closed = True
        await self._close_actor()
        await self._closings.wait()

    async def _close_actor(self) -> None:
        if (actor := self._actor) is not None:
            self._actor = None
            await self._closings.close(actor.aclose())
