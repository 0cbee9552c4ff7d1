"""One switch that ends everything that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lsp_server.errors import EngineStoppedError


class StopSwitch:
    """Thrown once; whatever runs inside `guard` then ends with an error.  Belongs to a loop."""

    def __init__(self, message: str) -> None:
        """Start with the switch open.

        Args:
            message: Of the error that everything ends with.
        """
        self._message = message
        self._thrown = asyncio.Event()
        self._scopes: set[asyncio.Timeout] = set()

    @property
    def is_thrown(self) -> bool:
        """Whether everything is about to end."""
        return self._thrown.is_set()

    async def wait(self) -> None:
        """Wait until the switch is thrown."""
        await self._thrown.wait()

    def throw(self) -> None:
        """End everything; also twice."""
        if self._thrown.is_set():
            return
        self._thrown.set()
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            scope.reschedule(now)

    def check(self) -> None:
        """Do nothing unless the switch is thrown.

        Raises:
            EngineStoppedError: It is.
        """
        if self.is_thrown:
            raise EngineStoppedError(self._message)

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Run a block until it ends or the switch is thrown.

        Raises:
            EngineStoppedError: The switch was thrown, before or inside.
        """
        self.check()
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scopes.add(scope)
                try:
                    yield
                finally:
                    self._scopes.discard(scope)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise EngineStoppedError(self._message) from error
