"""One client's hold on the shared engine: the connection, and that it was agreed on."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
from typing import TYPE_CHECKING

from lsp_server.directories import Directories
from lsp_server.engine.shared.runtime_folder import runtime_folder
from lsp_server.errors import BantamError, EngineStartError

if TYPE_CHECKING:
    from lsp_server.engine.shared.wire.connection import Connection

LOGGER = logging.getLogger(__name__)


class Attachment:
    """Attaches once for all requests that wait for it.

    A request that is cancelled meanwhile does not cancel the attaching: while a person types,
    every keystroke cancels the request before it, and an engine takes longer to start.
    """

    def __init__(self, directories: Directories, *, start: bool) -> None:
        """Prepare; see `EngineClient`."""
        self._directories = directories
        self._start = start
        self._connection: Connection | None = None
        self._attaching: asyncio.Task[Connection] | None = None

    @property
    def is_there(self) -> bool:
        """Whether there was an engine when we last spoke to it."""
        return self._attaching is not None and self._attaching.done()

    async def connection(self) -> Connection:
        """Return a connection to an engine that we may use.

        Raises:
            BantamError: There is none, and none could be started.
        """
        if self._attaching is None:
            self._attaching = asyncio.create_task(self._attach())
            self._attaching.add_done_callback(self._forget_failure)
        return await asyncio.shield(self._attaching)

    def forget(self) -> None:
        """Attach anew at the next request: the engine went away."""
        if self._attaching is not None and self._attaching.done():
            self._attaching = None

    async def aclose(self) -> None:
        """Stop attaching and close the connection."""
        if self._attaching is not None:
            self._attaching.cancel()
            await asyncio.gather(self._attaching, return_exceptions=True)
            self._attaching = None
        if self._connection is not None:
            await self._connection.aclose()
            self._connection = None

    async def _attach(self) -> Connection:
        if sys.platform == "win32":
            raise EngineStartError(
                "the shared engine needs Unix sockets, which this version does not use on "
                "Windows; run Bantam inside WSL"
            )
        folder = runtime_folder(self._directories)
        # In a thread, because the HTTP library takes long to import and the editor waits for
        # answers of this event loop.
        await asyncio.to_thread(importlib.import_module, "lsp_server.engine.shared.process")
        from lsp_server.engine.shared.process import attach
        from lsp_server.engine.shared.wire.connection import Connection

        if self._connection is None:
            self._connection = Connection(folder.socket)
        await attach(self._connection, self._directories, start=self._start)
        return self._connection

    def _forget_failure(self, task: asyncio.Task[Connection]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            if not isinstance(error, BantamError):
                LOGGER.error("attaching to the engine failed", exc_info=error)
            if self._attaching is task:
                self._attaching = None
