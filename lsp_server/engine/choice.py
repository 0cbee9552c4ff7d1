"""Which engine answers: the one of this machine, or a remote server that the user names."""

from __future__ import annotations

import msgspec

from lsp_server.directories import Directories
from lsp_server.engine.api import Engine
from lsp_server.settings.schema import Settings


def is_remote(settings: Settings) -> bool:
    """Return whether text leaves this process for a server that the user names."""
    return bool(settings.remote.url)


def make_engine(
    settings: Settings, folders: Directories, *, start: bool = True, client: str = ""
) -> Engine:
    """Return the engine that the settings choose; nothing is opened or started yet.

    Args:
        settings: Those that count.
        folders: Where the shared engine's socket and logs are.
        start: Whether to start the shared engine when none runs.
        client: Who asks; see `GenerateRequest.client`.
    """
    if is_remote(settings):
        from lsp_server.engine.remote.remote_engine import RemoteEngine

        return RemoteEngine(settings.remote)
    from lsp_server.engine.client import EngineClient

    return EngineClient(folders, start=start, client=client)


def named_for_people(settings: Settings) -> Settings:
    """Return the settings with `model.name` saying what answers and where, if it is remote.

    Messages, JSON and status lines show the model's name: nobody should believe that a model
    of this machine has answered.
    """
    if not is_remote(settings):
        return settings
    from lsp_server.engine.remote.address import shown_host

    remote = settings.remote
    name = f"{remote.model or 'the model'} at {shown_host(remote.url)}"
    return msgspec.structs.replace(
        settings, model=msgspec.structs.replace(settings.model, name=name)
    )
