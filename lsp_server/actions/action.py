"""What every action is: offered from the scene alone, done with the model."""

from __future__ import annotations

from typing import Protocol

from lsp_server.actions.generating import Generator, OnProgress
from lsp_server.actions.scene import Scene
from lsp_server.actions.values import Effect, Need, Offer, Result


class Action(Protocol):
    """One code action; has no state."""

    @property
    def name(self) -> str:
        """What commands call it."""
        ...

    @property
    def kind(self) -> str:
        """The LSP kind of code action that it is."""
        ...

    @property
    def need(self) -> Need:
        """What it needs of the model."""
        ...

    @property
    def effect(self) -> Effect:
        """What it gives."""
        ...

    @property
    def takes_words(self) -> bool:
        """Whether what a person says in words matters to it."""
        ...

    @property
    def where(self) -> str:
        """Where it can be done, in words that go on after `it needs`."""
        ...

    def offers(self, scene: Scene) -> tuple[Offer, ...]:
        """Return how it can be done in this scene; asks no model."""
        ...

    async def perform(self, scene: Scene, generator: Generator, on_progress: OnProgress) -> Result:
        """Do it, where `offers` is not empty.

        Raises:
            ActionError: What the model wrote cannot be used.
            BantamError: The engine or the model failed.
        """
        ...
