"""HTTP to the remote server; imported with the first request, because aiohttp takes long."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import msgspec

from lsp_server.engine.remote.address import Address
from lsp_server.engine.remote.chunks import DONE, Chunk, EventLines, decode_chunk
from lsp_server.engine.remote.key import read_key
from lsp_server.engine.remote.refusals import (
    NoModelListError,
    Refusal,
    error_in_stream,
    error_of_refusal,
)
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.errors import EngineStoppedError, RemoteError
from lsp_server.settings.schema import RemoteSettings
from lsp_server.version import __version__

_MAX_REFUSAL_BYTES = 16 * 1024
_MAX_LIST_BYTES = 4 * 1024 * 1024
_EVENT_STREAM = "text/event-stream"


class ServedModel(msgspec.Struct):
    """One entry of `/models`; vLLM says how many tokens the model takes."""

    id: str
    max_model_len: int | None = None


class ServedModels(msgspec.Struct):
    """The answer of `/models`."""

    data: list[ServedModel]


_MODELS = msgspec.json.Decoder(ServedModels)


class RemoteConnection:
    """All requests of one client to one server.

    Follows no redirect and takes no proxy, cookie or password from the environment: text goes
    to the address in the settings and nowhere else.
    """

    def __init__(self, address: Address, remote: RemoteSettings) -> None:
        """Prepare; nothing is opened before the first request.  Needs a running event loop."""
        self._address = address
        self._remote = remote
        self._closing = StopSwitch("the settings changed, or the client was closed, meanwhile")
        timeout_s = remote.timeout_ms / 1000.0
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(
                total=None, connect=timeout_s, sock_connect=timeout_s, sock_read=timeout_s
            ),
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"bantam/{__version__}"},
            trust_env=False,
        )

    async def models(self) -> list[ServedModel]:
        """Return what the server says it has.

        Raises:
            ConfigError: The key is not where the settings say.
            BantamError: The server does not say.
        """
        async with self._closing.guard(), self._answer("GET", "/models", None) as response:
            with self._faults():
                body = await _read_at_most(response, _MAX_LIST_BYTES)
        try:
            return _MODELS.decode(body).data
        except msgspec.DecodeError as error:
            raise NoModelListError(
                f"the remote server {self._address.host} does not list its models as an "
                "OpenAI-compatible one does; is the path in remote.url right?"
            ) from error

    async def chunks(self, path: str, body: dict[str, object]) -> AsyncGenerator[Chunk, None]:
        """Send a request and yield its stream; closing this closes the connection.

        Raises:
            ConfigError: The key is not where the settings say.
            BantamError: The server refuses, breaks off or talks nonsense.
        """
        lines = EventLines()
        async with self._answer("POST", path, body) as response:
            if response.content_type != _EVENT_STREAM:
                raise RemoteError(
                    f"the remote server {self._address.host} answered with "
                    f"{response.content_type} instead of a stream, so it is not "
                    "OpenAI-compatible there; is the path in remote.url right?"
                )
            while True:
                with self._faults():
                    async with self._closing.guard():
                        data = await response.content.readany()
                if not data:
                    raise RemoteError(
                        f"the remote server {self._address.host} broke off in the middle of an "
                        "answer; try again, or ask who runs it"
                    )
                for event in lines.add(data):
                    if event == DONE:
                        return
                    chunk = decode_chunk(event)
                    if chunk.error is not None:
                        raise error_in_stream(
                            chunk.error, self._address.host, read_key(self._remote)
                        )
                    yield chunk

    async def aclose(self) -> None:
        """Close every connection; running requests end with an error."""
        self._closing.throw()
        await self._session.close()

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, body: dict[str, object] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        key = read_key(self._remote)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        data = None if body is None else msgspec.json.encode(body)
        with self._faults():
            async with self._closing.guard():
                response = await self._session.request(
                    method,
                    f"{self._address.base}{path}",
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                )
        async with response:
            if response.status != 200:
                with self._faults():
                    async with self._closing.guard():
                        text = await _read_at_most(response, _MAX_REFUSAL_BYTES)
                refusal = Refusal(
                    response.status,
                    text.decode("utf-8", "replace"),
                    response.headers.get("Location", ""),
                    response.headers.get("Retry-After", ""),
                )
                raise error_of_refusal(refusal, self._address.host, path, key)
            try:
                yield response
            finally:
                # What is left of the answer is not waited for: closing is how to cancel.
                response.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn the faults of aiohttp into ours, most specific first."""
        server = f"the remote server {self._address.host}"
        try:
            yield
        except EngineStoppedError:
            raise
        except aiohttp.ClientSSLError as error:
            raise RemoteError(
                f"{server} cannot prove who it is ({_in_words(error)}); nothing was sent. Is "
                "remote.url right, and is its certificate known to this machine?"
            ) from error
        except TimeoutError as error:
            raise RemoteError(
                f"{server} was silent for {self._remote.timeout_ms} ms (remote.timeout_ms); is "
                "it busy or loading its model? Raise the setting or ask who runs it"
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise RemoteError(
                f"{server} cannot be reached ({_in_words(error)}); is it running, and is "
                "remote.url right? With an empty remote.url the local engine answers"
            ) from error
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, OSError) as error:
            raise RemoteError(
                f"{server} broke off in the middle of an answer; try again, or ask who runs it"
            ) from error
        except aiohttp.ClientError as error:
            raise RemoteError(
                f"{server} does not speak HTTP as it should ({type(error).__name__}); is "
                "remote.url right?"
            ) from error


def _in_words(error: aiohttp.ClientConnectorError | aiohttp.ClientSSLError) -> str:
    cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None)
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__)


async def _read_at_most(response: aiohttp.ClientResponse, num_bytes: int) -> bytes:
    body = b""
    while len(body) < num_bytes and (data := await response.content.readany()):
        body += data
    return body[:num_bytes]
