"""How much clients may ask for at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from lsp_server.engine.api import GenerateRequest, TextSegment
from lsp_server.engine.shared.wire import messages
from lsp_server.engine.shared.wire.peer import client_name
from lsp_server.errors import PromptTooLongError

#: Paths whose answers take a model's time.
_STREAM_PATHS = frozenset(
    {
        messages.GENERATE_PATH,
        messages.COMPLETIONS_PATH,
        messages.CHAT_PATH,
        messages.INFILL_PATH,
    }
)

#: No model here reads so much, and making tokens of it would take seconds.
MAX_PROMPT_CHARS = 4_000_000


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What is open at the same moment.  A client is a process, or all of TCP together.

    Attributes:
        max_connections: Connections of one listening socket.
        max_requests_of_client: Requests of one client.
        max_streams: Requests that a model works on or that wait for one, in all.
        max_streams_of_client: The same of one client.
    """

    max_connections: int = 512
    max_requests_of_client: int = 128
    max_streams: int = 256
    max_streams_of_client: int = 64


class RequestLimiter:
    """Counts what is open and refuses what is too much."""

    def __init__(self, limits: RequestLimits) -> None:
        """Start with nothing open."""
        self._limits = limits
        self._requests: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()

    @property
    def open_requests(self) -> dict[str, int]:
        """Requests that are open, by client."""
        return dict(self._requests)

    def middleware(self) -> Middleware:
        """Return what refuses a request with status 429."""

        @web.middleware
        async def limit_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
            transport = request.transport
            if transport is None:
                raise ConnectionResetError("the client went away")
            client = client_name(transport.get_extra_info("socket"))
            with self._counted(request.path, client):
                return await handler(request)

        return limit_requests

    @contextmanager
    def _counted(self, path: str, client: str) -> Iterator[None]:
        limits = self._limits
        is_stream = path in _STREAM_PATHS
        _check(self._requests[client], limits.max_requests_of_client, "requests of this client")
        if is_stream:
            _check(
                self._streams[client],
                limits.max_streams_of_client,
                "generating requests of this client",
            )
            _check(self._streams.total(), limits.max_streams, "generating requests")
        self._add(client, 1, is_stream=is_stream)
        try:
            yield
        finally:
            self._add(client, -1, is_stream=is_stream)

    def _add(self, client: str, number: int, *, is_stream: bool) -> None:
        for counts in (self._requests, self._streams) if is_stream else (self._requests,):
            counts[client] += number
            if not counts[client]:
                del counts[client]


def check_prompt_length(request: GenerateRequest) -> None:
    """Do nothing unless a prompt is longer than any model's context, before tokens are made.

    Raises:
        PromptTooLongError: It is.
    """
    texts = (one.text for one in request.segments if isinstance(one, TextSegment))
    num_chars = sum(len(text) for text in texts)
    if num_chars > MAX_PROMPT_CHARS:
        raise PromptTooLongError(
            f"the prompt has {num_chars} characters; the limit is {MAX_PROMPT_CHARS}: send less "
            "of the document"
        )


def _check(num_open: int, limit: int, what: str) -> None:
    if num_open >= limit:
        raise web.HTTPTooManyRequests(
            text=f"{num_open} {what} are open, which is the limit; let some of them end first"
        )
