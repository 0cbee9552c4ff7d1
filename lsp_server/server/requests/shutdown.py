"""`shutdown`: end everything that runs; the engine process itself goes on for other windows."""

from __future__ import annotations

from lsp_server.server.session import Session


def shutdown(session: Session, params: None) -> None:
    """Begin to close; `exit`, which some clients send at once, waits until that is done."""
    del params
    session.start_closing()
