"""An engine behind a TCP port."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from lsp_server.directories import Directories
from tests.support.scripted_engine import ScriptedEngine
from tests.support.tcp_engine import TcpEngine, served_over_tcp


@pytest_asyncio.fixture
async def port(engine: ScriptedEngine, bantam_directories: Directories) -> AsyncIterator[TcpEngine]:
    """Serve `engine` at a TCP port, besides its socket."""
    async with served_over_tcp(engine, bantam_directories) as serving:
        yield serving
