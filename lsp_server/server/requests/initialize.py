"""`initialize` and `initialized`: who is there, and what counts."""

from __future__ import annotations

from lsprotocol import types

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
    await session.client.watch_settings()
    await ask_for_settings(session)
    await session.completer.warm_up()
