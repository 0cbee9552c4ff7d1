"""`workspace/didChangeConfiguration`, and asking the client for its settings."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.server.session import Session


def did_change_configuration(session: Session, params: types.DidChangeConfigurationParams) -> None:
    """Ask a client that can be asked; otherwise take what it sent."""
    if session.client.has_configuration:
        session.tasks.start(ask_for_settings(session), "asking for the settings")
    elif session.configuration.take_pushed(params.settings):
        session.tasks.start(session.apply_settings(), "applying the settings")


async def ask_for_settings(session: Session) -> None:
    """Ask the client for its settings and let them take effect."""
    if not session.client.has_configuration:
        return
    if session.configuration.take_workspace(await session.client.settings()):
        await session.apply_settings()
