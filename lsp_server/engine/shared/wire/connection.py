"""The client's end of a connection: HTTP over a Unix socket or TCP, nothing about processes.

The only client module that imports aiohttp; `client` imports it when the first request comes,
because that takes longer than a language server may take to start.
"""

from __future__ import annotations

import io
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
)
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.tracing import Trace

from lsp_server.engine.api import PROTOCOL_VERSION, CountReply, ErrorReport
from lsp_server.engine.error_reports import error_of
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.engine.shared.wire import messages
from lsp_server.engine.shared.wire.faults import BrokenError, GoneError
from lsp_server.engine.shared.wire.messages import decode_answer
from lsp_server.engine.shared.wire.patience import Patience
from lsp_server.engine.shared.wire.peer import is_own_user
from lsp_server.engine.shared.wire.tcp_connection import ProvenConnector, TcpEnd
from lsp_server.engine.shared.wire.versions import Versions
from lsp_server.engine.status import EngineStatus
from lsp_server.errors import EngineError, EngineStartError

Answer = TypeVar("Answer")

_VERSIONS_DECODER = msgspec.json.Decoder(Versions)
_STATUS_DECODER = msgspec.json.Decoder(EngineStatus)
_COUNT_DECODER = msgspec.json.Decoder(CountReply)
_REPORT_DECODER = msgspec.json.Decoder(ErrorReport)

#: Seconds for which a connection without a request is kept; shorter than the engine's own.
_KEEPALIVE_S = 30.0
#: Where the engine says that it is another one than before, or that it is about to end.
_GONE_STATUSES = frozenset({409, 503})


class Connection:
    """All requests of one client to the engine behind one socket.

    Requests run side by side.  It survives the engine: the next request connects anew.
    """

    def __init__(self, end: Path | TcpEnd) -> None:
        """Prepare; nothing is opened before the first request.  Needs a running event loop.

        Args:
            end: The engine's socket, or its TCP port.
        """
        self._closing = StopSwitch("the client was closed while this request was running")
        headers = {messages.PROTOCOL_HEADER: str(PROTOCOL_VERSION)}
        connector: aiohttp.BaseConnector
        if isinstance(end, TcpEnd):
            self._origin = f"http://{end.address.authority}"
            connector = ProvenConnector(end, keepalive_timeout=_KEEPALIVE_S)
            headers["Authorization"] = end.secret.authorization()
        else:
            self._origin = "http://engine"
            connector = _OwnUserConnector(str(end), limit=0, keepalive_timeout=_KEEPALIVE_S)
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def hello(self) -> Versions:
        """Ask the engine who it is; works between any two versions."""
        return await self._ask("GET", messages.HELLO_PATH, _VERSIONS_DECODER)

    async def status(self) -> EngineStatus:
        """Ask what is loaded and running."""
        return await self._ask("GET", messages.STATUS_PATH, _STATUS_DECODER)

    async def metrics(self) -> str:
        """Ask for its figures, as Prometheus does."""
        async with self._answer("GET", messages.METRICS_PATH) as response:
            return (await self._unless_closed(response.read)).decode()

    async def stop(self, drain_s: float = 0.0) -> None:
        """Ask the engine to end; works between any two versions.

        Args:
            drain_s: Seconds for which requests that run may go on; older engines give them none.
        """
        path = f"{messages.STOP_PATH}?{messages.DRAIN_FIELD}={drain_s:g}"
        async with self._answer("POST", path) as response:
            await response.read()

    async def count(self, body: bytes) -> CountReply:
        """Count tokens; the body is a `CountRequest` as JSON."""
        patience = Patience(self.hello, max_s=None)
        return await self._ask("POST", messages.COUNT_PATH, _COUNT_DECODER, body, patience)

    @asynccontextmanager
    async def lines(
        self, path: str, body: bytes, max_s: float | None = None
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """Send a request and give the lines of its answer, without their ends.

        Entering returns when the engine has taken the request; leaving early cancels it.

        Args:
            path: Where to.
            body: The request as JSON.
            max_s: Seconds after which an engine that says nothing is not waited for any more,
                even if it answers others.

        Raises:
            SilentError: At any time: the engine does not answer anybody any more.
            LateError: At any time: `max_s` is over, and the engine says nothing.
            GoneError: On entering: the engine has not taken the request.
            BrokenError: Later: the answer does not go on.
            BantamError: The engine refused the request.
        """
        patience = Patience(self.hello, max_s)
        async with (
            self._answer("POST", path, body, patience) as response,
            aclosing(self._split_lines(response.content, patience)) as lines,
        ):
            yield lines

    async def aclose(self) -> None:
        """Close every connection; running requests are cancelled by that."""
        self._closing.throw()
        await self._session.close()

    async def _ask(
        self,
        method: str,
        path: str,
        decoder: msgspec.json.Decoder[Answer],
        body: bytes = b"",
        patience: Patience | None = None,
    ) -> Answer:
        async with self._answer(method, path, body, patience) as response:
            answer = await self._unless_closed(response.read)
        return decode_answer(decoder, answer)

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, body: bytes = b"", patience: Patience | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        # The stack has the response as soon as there is one: a caller that is cancelled in that
        # moment never sees it, and the engine would go on with an answer that nobody reads.
        async with AsyncExitStack() as stack:

            def ask() -> Awaitable[aiohttp.ClientResponse]:
                data = io.BytesIO(body) if body else None
                request = self._session.request(method, f"{self._origin}{path}", data=data)
                return stack.enter_async_context(request)

            with _before_the_answer():
                response = await self._step(ask, patience)
            with _within_the_answer():
                if response.status in _GONE_STATUSES:
                    raise GoneError(f"status {response.status}")
                if response.status != 200:
                    raise error_of(decode_answer(_REPORT_DECODER, await response.read()))
                yield response

    async def _split_lines(
        self, content: aiohttp.StreamReader, patience: Patience
    ) -> AsyncGenerator[bytes, None]:
        pending = b""
        while True:
            with _within_the_answer():
                chunk = await self._step(content.readany, patience)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            if len(pending) > messages.MAX_LINE_BYTES:
                raise EngineError(
                    f"the engine sent a line of more than {messages.MAX_LINE_BYTES} bytes"
                )
            for line in lines:
                yield line

    async def _step(
        self, step: Callable[[], Awaitable[Answer]], patience: Patience | None
    ) -> Answer:
        guarded = self._unless_closed(step)
        return await (guarded if patience is None else patience.wait_for(guarded))

    async def _unless_closed(self, step: Callable[[], Awaitable[Answer]]) -> Answer:
        """Wait for one step, or raise `EngineStoppedError` when the connection is closed.

        What waits inside aiohttp does not always wake up when its session is closed (3.14).
        Each step by itself, because those of a generator may belong to different tasks.  It is
        begun here: begun before, and cancelled in that moment, it would never be awaited.
        """
        async with self._closing.guard():
            return await step()


class _OwnUserConnector(aiohttp.UnixConnector):
    """Hands out connections to processes of the same user only.

    The folder of the socket is private; but should somebody have replaced it since it was
    checked, no source text may reach them.
    """

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own name
    ) -> ResponseHandler:
        protocol = await super()._create_connection(req, traces, timeout)
        transport = protocol.transport
        if transport is not None and not is_own_user(transport.get_extra_info("socket")):
            protocol.abort()
            raise EngineStartError(
                f"the engine's socket {self.path} is served by another user; set "
                "BANTAM_RUNTIME_DIR to a folder that only you can enter"
            )
        return protocol


@contextmanager
def _before_the_answer() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientConnectionError, OSError) as error:
        raise GoneError(str(error)) from error
    except aiohttp.ClientError as error:
        raise EngineError(f"what listens on the engine's socket is no engine: {error}") from error


@contextmanager
def _within_the_answer() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as error:
        raise BrokenError(str(error)) from error
