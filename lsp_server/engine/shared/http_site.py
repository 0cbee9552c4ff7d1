"""One place where the engine answers: connections that say nothing are dropped, and counted."""

from __future__ import annotations

import asyncio
import logging
import socket
import weakref

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

LOGGER = logging.getLogger(__name__)


def _without_quotes(record: logging.LogRecord) -> bool:
    """Let a record not quote a request that is no HTTP: a key or a document may stand in it."""
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        record.msg, record.args = "refused a request that is no HTTP", ()
        record.exc_info = None
    return True


#: For aiohttp, which logs what it cannot parse.
_HTTP_LOGGER = LOGGER.getChild("http")
_HTTP_LOGGER.addFilter(_without_quotes)

#: Seconds for the last answers to be sent.
_DRAIN_TIMEOUT_S = 0.5
#: Seconds for which a connection without a request is kept; longer than clients keep it.
_KEEPALIVE_S = 75.0


class Site:
    """An application at one listening socket."""

    def __init__(
        self, app: web.Application, *, max_connections: int, head_timeout_s: float
    ) -> None:
        """Prepare; nobody is answered yet.

        Args:
            app: Answers; `note_requests` is added to it.
            max_connections: Further ones are closed at once.
            head_timeout_s: Seconds for the head of a connection's first request; later ones may
                take as long as an idle connection is kept.
        """
        self._max_connections = max_connections
        self._head_timeout_s = head_timeout_s
        self._heard: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()
        app.middlewares.insert(0, self._note_request())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=_KEEPALIVE_S,
            auto_decompress=False,
            shutdown_timeout=_DRAIN_TIMEOUT_S,
            logger=_HTTP_LOGGER,
        )
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Answer at a socket, which stays the caller's until then."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, sock=listening)

    @property
    def transports(self) -> list[asyncio.BaseTransport]:
        """All open connections."""
        server = self._runner.server
        transports = [one.transport for one in server.connections] if server else []
        return [one for one in transports if one is not None]

    async def stop(self) -> None:
        """End all requests and close all connections; also twice."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _connect(self) -> asyncio.Protocol:
        server = self._runner.server
        assert server is not None, "connections come after `start`"
        if len(server.connections) >= self._max_connections:
            LOGGER.warning("refused a connection: %d are open", self._max_connections)
            return _Refusal()
        handler = server()
        loop = asyncio.get_running_loop()
        loop.call_later(self._head_timeout_s, self._drop_if_silent, handler)
        return handler

    def _drop_if_silent(self, handler: web.RequestHandler) -> None:
        transport = handler.transport
        if transport is not None and transport not in self._heard:
            transport.abort()

    def _note_request(self) -> Middleware:
        @web.middleware
        async def note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.transport is not None:
                self._heard.add(request.transport)
            return await handler(request)

        return note_request


class _Refusal(asyncio.Protocol):
    """Closes its connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport), "a connection can be closed"
        transport.abort()
