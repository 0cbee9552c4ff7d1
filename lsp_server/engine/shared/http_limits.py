"""How much clients may ask for at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from lsp_server.engine.api import GenerateRequest, TextSegment
from lsp_server.engine.shared.wire import messages
from lsp_server.engine.shared.wire.peer import ClientName, client_name
from lsp_server.engine.status import ClientStatus
from lsp_server.errors import PromptTooLongError
from lsp_server.settings.schema import EngineSettings

#: Paths whose answers take a model's time.
_STREAM_PATHS = frozenset(
    {
        messages.GENERATE_PATH,
        messages.COMPLETIONS_PATH,
        messages.CHAT_PATH,
        messages.INFILL_PATH,
    }
)


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How much may be asked for; the settings of `engine` with the same names say it.

    A client is a process, or over TCP all that name themselves alike (`User-Agent`).

    Attributes:
        max_body_bytes: Largest body of a request.
        max_prompt_chars: Longest prompt; making tokens of a longer one would take seconds.
        max_connections: Connections of one listening socket.
        max_client_requests: Open requests of one client.
        max_streams: Requests that a model works on or that wait for one, in all.
        max_client_streams: The same of one client.
    """

    max_body_bytes: int = 16 * 1024 * 1024
    max_prompt_chars: int = 4_000_000
    max_connections: int = 512
    max_client_requests: int = 128
    max_streams: int = 256
    max_client_streams: int = 64

    @classmethod
    def of(cls, settings: EngineSettings) -> RequestLimits:
        """Return what the settings say."""
        return cls(
            max_body_bytes=settings.max_body_mib * 1024 * 1024,
            max_prompt_chars=settings.max_prompt_chars,
            max_connections=settings.max_connections,
            max_client_requests=settings.max_client_requests,
            max_streams=settings.max_streams,
            max_client_streams=settings.max_client_streams,
        )

    @property
    def max_tcp_streams(self) -> int:
        """Generating requests over TCP, whoever they are; the rest is for editors."""
        return max(self.max_streams * 3 // 4, 1)

    def check_prompt_length(self, request: GenerateRequest) -> None:
        """Do nothing unless a prompt is longer than allowed, before tokens are made.

        Raises:
            PromptTooLongError: It is.
        """
        texts = (one.text for one in request.segments if isinstance(one, TextSegment))
        num_chars = sum(len(text) for text in texts)
        if num_chars > self.max_prompt_chars:
            raise PromptTooLongError(
                f"the prompt has {num_chars} characters; the limit is {self.max_prompt_chars}: "
                "send less of the document, or raise engine.max_prompt_chars"
            )


class RequestLimiter:
    """Counts what is open and refuses what is too much."""

    def __init__(self, limits: RequestLimits) -> None:
        """Start with nothing open."""
        self._limits = limits
        self._requests: Counter[ClientName] = Counter()
        self._streams: Counter[ClientName] = Counter()
        self._names: WeakKeyDictionary[asyncio.BaseTransport, ClientName] = WeakKeyDictionary()

    def client_statuses(
        self, transports: Iterable[asyncio.BaseTransport]
    ) -> tuple[ClientStatus, ...]:
        """Return who has these connections, and how many requests are open, by name."""
        counts = Counter(self._names[one] for one in transports if one in self._names)
        return tuple(
            ClientStatus(name=name.text, num_connections=number, num_requests=self._requests[name])
            for name, number in sorted(counts.items(), key=lambda item: item[0].text)
        )

    def middleware(self) -> Middleware:
        """Return what refuses a request with status 429; who may not ask at all is gone by then."""

        @web.middleware
        async def limit_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
            transport = request.transport
            if transport is None:
                raise ConnectionResetError("the client went away")
            user_agent = request.headers.get("User-Agent", "")
            client = client_name(transport.get_extra_info("socket"), user_agent)
            self._names[transport] = client
            with self._counted(request.path, client):
                return await handler(request)

        return limit_requests

    @contextmanager
    def _counted(self, path: str, client: ClientName) -> Iterator[None]:
        is_stream = path in _STREAM_PATHS
        self._check(client, is_stream=is_stream)
        self._add(client, 1, is_stream=is_stream)
        try:
            yield
        finally:
            self._add(client, -1, is_stream=is_stream)

    def _check(self, client: ClientName, *, is_stream: bool) -> None:
        limits = self._limits
        _check(self._requests[client], limits.max_client_requests, "requests of this client")
        if not is_stream:
            return
        what = "generating requests"
        _check(self._streams[client], limits.max_client_streams, f"{what} of this client")
        _check(self._streams.total(), limits.max_streams, what)
        if client.is_tcp:
            num_tcp = sum(number for name, number in self._streams.items() if name.is_tcp)
            _check(num_tcp, limits.max_tcp_streams, f"{what} over TCP")

    def _add(self, client: ClientName, number: int, *, is_stream: bool) -> None:
        for counts in (self._requests, self._streams) if is_stream else (self._requests,):
            counts[client] += number
            if not counts[client]:
                del counts[client]


def _check(num_open: int, limit: int, what: str) -> None:
    if num_open >= limit:
        raise web.HTTPTooManyRequests(
            text=f"{num_open} {what} are open, which is the limit; let some of them end first"
        )
