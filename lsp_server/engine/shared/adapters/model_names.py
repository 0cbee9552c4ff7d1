"""The names by which other tools ask for models, and the models that they stand for.

A tool names a model by an id; files of the user's go by their file name, so that no answer tells
where they lie.  Which files there are is the user's choice in `model.name`, not a request's.
"""

from __future__ import annotations

from pathlib import PurePath

from lsp_server.directories import directories
from lsp_server.engine.api import Engine
from lsp_server.errors import ModelNotFoundError
from lsp_server.models.catalogue import catalogue
from lsp_server.models.hub.entry import HubModel
from lsp_server.models.hub.shelf import hub_models
from lsp_server.models.hub.storage import downloaded_path


class ModelNames:
    """The models that can be asked for now."""

    def __init__(self, engine: Engine, default: str) -> None:
        """Look at nothing yet.

        Args:
            engine: Says what is loaded.
            default: The model of the user's settings.
        """
        self._engine = engine
        self._default = default

    async def known(self) -> dict[str, str]:
        """Return the engine's name of every model by the name for tools, the default first."""
        loaded = [model.model for model in (await self._engine.status()).models]
        first = self._default if self._default in loaded or not loaded else loaded[0]
        names = [first, *loaded, self._default, *(entry.id for entry in catalogue())]
        names += [model.id for model in hub_models() if _is_here(model)]
        known: dict[str, str] = {}
        for name in names:
            known.setdefault(public_name(name), name)
        return known

    async def find(self, name: str) -> str:
        """Return the engine's name of a model; a blank one stands for the default.

        Raises:
            ModelNotFoundError: There is no such model.
        """
        known = await self.known()
        if not name.strip():
            return next(iter(known.values()))
        found = known.get(name) or next((one for one in known.values() if one == name), None)
        if found is None:
            raise ModelNotFoundError(
                f"the model {name[:200]!r} is none of this engine's; it has {', '.join(known)}. "
                "`bantam models pull` brings others, and the setting model.name names a file"
            )
        return found


def public_name(name: str) -> str:
    """Return what a tool calls a model: its id, or the name of its file without the folders."""
    return PurePath(name).name or name


def _is_here(model: HubModel) -> bool:
    return downloaded_path(directories().models, model) is not None
