"""Put a server together."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcParseError
from pygls.lsp.server import LanguageServer

from lsp_server.engine.api import Engine
from lsp_server.server.client import EditorClient
from lsp_server.server.protocol.framing import FramingFault
from lsp_server.server.protocol.message_protocol import MessageProtocol
from lsp_server.server.routes import register
from lsp_server.server.session import Session
from lsp_server.settings.schema import Settings
from lsp_server.version import __version__

if TYPE_CHECKING:
    from pygls.server import ServerErrors

LOGGER = logging.getLogger(__name__)
_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})


class BantamServer(LanguageServer):
    """A pygls server with one session."""

    protocol: MessageProtocol

    def __init__(
        self,
        make_engine: Callable[[Settings], Engine],
        overrides: Mapping[str, object] = _NO_OVERRIDES,
    ) -> None:
        """Put the parts together; nothing is loaded or started.

        Args:
            make_engine: Returns the engine that answers with these settings.
            overrides: Settings from the command line, by key.
        """
        super().__init__(
            "bantam",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=MessageProtocol,
        )
        self.session = Session(EditorClient(self), make_engine, overrides)
        self.protocol.on_lost_text = self.session.lose_text
        register(self, self.session)

    def take_fault(self, fault: FramingFault) -> None:
        """Refuse bytes that are no message, and take note of what was lost with them."""
        LOGGER.warning("no message: %s", fault.message)
        self.protocol.refuse(None, JsonRpcParseError(fault.message))
        if not self.protocol.is_in_session:
            return
        if fault.is_too_long:
            self.session.client.show_warning(
                f"Bantam: the editor sent a message that is too long ({fault.message}); the "
                "document that it opens gets no suggestions"
            )
        else:
            self.session.lose_text(None)

    def report_server_error(self, error: Exception, source: ServerErrors) -> None:
        """Log what pygls could not handle; the person who types can do nothing about it."""
        if not isinstance(error, JsonRpcException):
            LOGGER.error("%s: %s", source.__name__, type(error).__name__)


def chosen_engine(settings: Settings) -> Engine:
    """Return a client of the engine that all windows of this user share, or of a remote one."""
    from lsp_server.directories import directories
    from lsp_server.engine.choice import make_engine

    # Two windows may have documents of one name, such as `untitled:Untitled-1`.
    return make_engine(settings, directories(), client=f"window {os.getpid()}")
