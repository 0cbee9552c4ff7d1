"""A streamed answer, line by line, to a client that may stop reading."""

from __future__ import annotations

import asyncio

from aiohttp import web

from lsp_server.engine.shared.wire.messages import LINES_TYPE

#: Far below what a transport holds before its writer has to wait (64 KiB in asyncio).
_SMALL_LINE_BYTES = 16 * 1024


class LineWriter:
    """Sends each line at once, and drops a client that does not take them."""

    def __init__(self, request: web.Request, response: web.StreamResponse, timeout_s: float):
        """Take over an answer whose head has been sent."""
        self._request = request
        self._response = response
        self._timeout_s = timeout_s

    @classmethod
    async def open(
        cls, request: web.Request, timeout_s: float, content_type: str = LINES_TYPE
    ) -> LineWriter:
        """Send the head of the answer, which tells the client that its request was taken.

        Args:
            request: What is answered.
            timeout_s: A client that takes nothing for this long is dropped.
            content_type: Of the answer.
        """
        response = web.StreamResponse()
        response.content_type = content_type
        writer = cls(request, response, timeout_s)
        await response.prepare(request)
        return writer

    @property
    def response(self) -> web.StreamResponse:
        """The answer, for the handler to return."""
        return self._response

    async def write(self, line: bytes) -> None:
        """Send a line; waits while the client is behind by more than the socket holds.

        Raises:
            ConnectionError: The client went away, or took nothing for too long.
        """
        if self._has_room_for(line):
            # A timer for every token is a quarter of what sending it costs.
            await self._response.write(line)
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._response.write(line)
        except TimeoutError as error:
            self._drop(error)

    async def end(self, line: bytes) -> None:
        """Send the last line.

        Raises:
            ConnectionError: As for `write`.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._response.write_eof(line)
        except TimeoutError as error:
            self._drop(error)

    def _has_room_for(self, line: bytes) -> bool:
        """Return whether a line can be sent without waiting for the client."""
        transport = self._request.transport
        if transport is None or transport.get_write_buffer_size():
            return False
        return len(line) <= _SMALL_LINE_BYTES

    def _drop(self, cause: TimeoutError) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
        raise ConnectionResetError(
            f"the client took nothing for {self._timeout_s:g} s and was dropped"
        ) from cause
