"""An engine served over TCP from the test's own process, as other tools see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import openai

from lsp_server.directories import Directories
from lsp_server.engine.api import Engine
from lsp_server.engine.shared.http_limits import RequestLimits
from lsp_server.engine.shared.runtime_folder import create_private, runtime_folder
from lsp_server.engine.shared.serving_options import ServingOptions, TcpOptions
from lsp_server.engine.shared.tcp.address import TcpAddress
from lsp_server.engine.shared.tcp.secret import Secret, load_or_create_secret, secret_file
from lsp_server.settings.schema import EngineSettings
from tests.support.served_engine import served


@dataclass
class TcpEngine:
    """A TCP port that answers.

    Attributes:
        engine: What answers.
        address: Where it listens.
        secret: What clients have to know.
        key: The secret as tools send it.
        http: A session that sends it.
        openai: OpenAI's own client, which tries nothing twice.
    """

    engine: Engine
    address: TcpAddress
    secret: Secret
    key: str
    http: aiohttp.ClientSession
    openai: openai.AsyncOpenAI

    @property
    def url(self) -> str:
        return f"http://{self.address.authority}"


@asynccontextmanager
async def served_over_tcp(
    engine: Engine,
    directories: Directories,
    *,
    default_model: str = "fake",
    limits: RequestLimits | None = None,
) -> AsyncIterator[TcpEngine]:
    """Serve an engine at a port that is free, until the block ends."""
    folder = runtime_folder(directories)
    create_private(folder)
    path = secret_file(directories)
    secret = load_or_create_secret(path)
    key = path.read_text(encoding="ascii").strip()
    had: list[TcpAddress] = []
    tcp = TcpOptions(TcpAddress("127.0.0.1", 0), secret, had.append)
    options = ServingOptions(default_model, limits or RequestLimits(), tcp)
    async with served(engine, folder, EngineSettings(), options):
        (address,) = had
        url = f"http://{address.authority}"
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            aiohttp.ClientSession(url, headers=headers) as http,
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client,
        ):
            yield TcpEngine(engine, address, secret, key, http, client)
