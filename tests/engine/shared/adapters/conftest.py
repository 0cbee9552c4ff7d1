"""The endpoints of other tools over TCP, on fake models."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lsp_server.directories import Directories
from lsp_server.engine.local import LocalEngine, create_local_engine
from lsp_server.settings.schema import EngineSettings
from tests.support.tcp_engine import TcpEngine, served_over_tcp


@pytest.fixture
def model() -> str:
    """Return the model that answers; tests replace it by parametrizing `model`."""
    return "fake"


@pytest.fixture
def local_engine() -> LocalEngine:
    """Return an engine on fake models."""
    return create_local_engine(EngineSettings())


@pytest_asyncio.fixture
async def tools(
    local_engine: LocalEngine, bantam_directories: Directories, model: str
) -> AsyncIterator[TcpEngine]:
    """Serve the fake model to other tools."""
    async with served_over_tcp(local_engine, bantam_directories, default_model=model) as serving:
        yield serving
