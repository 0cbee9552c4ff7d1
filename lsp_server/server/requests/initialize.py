"""`initialize` and `initialized`: who is there, and what counts."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from lsp_server.lasting_objects import leave_out_lasting_objects
from lsp_server.server.protocol.positions import PositionCodec
from lsp_server.server.requests.configuration import ask_for_settings
from lsp_server.server.session import Session


def initialize(session: Session, params: types.InitializeParams) -> None:
    """Take in what the client says of itself; no model and no engine is needed for that."""
    session.client.meet(params)
    session.codec = PositionCodec(session.client.position_encoding)
    session.configuration.load(params.initialization_options)


def initialized(session: Session, params: types.InitializedParams) -> None:
    """Do what could wait until the client was answered."""
    del params
    session.configuration.show_problems()
    session.tasks.start(_start(session), "the work after initialized")


async def _start(session: Session) -> None:
    await session.apply_settings()
    # Side by side: a client that never answers one of these still gets the others.
    session.tasks.start(session.client.watch_settings(), "watching the settings")
    session.tasks.start(ask_for_settings(session), "asking for the settings")
    session.tasks.start(_get_ready(session), "getting ready")


async def _get_ready(session: Session) -> None:
    """Load in the background what the first requests would have to wait for."""
    await session.completer.warm_up()
    globs = await asyncio.to_thread(_globs_of_context)
    session.tasks.start(session.client.watch_files(globs), "watching files")
    await session.actions.warm_up()
    leave_out_lasting_objects()


def _globs_of_context() -> list[str]:
    """Return which files tell what the model is shown; in a thread, for that is read first."""
    from lsp_server.context.languages.registry import languages

    endings = {extension for language in languages() for extension in language.extensions}
    return [f"**/*{ending}" for ending in sorted(endings)] + ["**/.gitignore"]
