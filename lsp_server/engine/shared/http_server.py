"""Any engine as HTTP: one handler per endpoint of `/bantam/v1`, and those of other tools.

Knows nothing of processes or sockets; `engine_process` listens and decides when to end.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from msgspec.json import Decoder

from lsp_server.engine.api import CountRequest, Engine, GenerateRequest
from lsp_server.engine.shared.activity import Activity
from lsp_server.engine.shared.adapters.endpoints import OtherTools
from lsp_server.engine.shared.adapters.model_names import ModelNames
from lsp_server.engine.shared.http_bodies import read_body
from lsp_server.engine.shared.http_errors import (
    answer_errors,
    json_response,
    refuse_other_protocols,
    refuse_other_users,
)
from lsp_server.engine.shared.http_limits import RequestLimiter, RequestLimits
from lsp_server.engine.shared.http_site import Site
from lsp_server.engine.shared.http_streams import stream_description, stream_events
from lsp_server.engine.shared.line_writer import LineWriter
from lsp_server.engine.shared.metrics.collect import metrics_text
from lsp_server.engine.shared.metrics.families import CONTENT_TYPE
from lsp_server.engine.shared.metrics.metered_engine import MeteredEngine
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.process_memory import resident_bytes
from lsp_server.engine.shared.serving_options import EMBEDDED_MODEL
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.engine.shared.tcp.guard import TcpGuard
from lsp_server.engine.shared.wire import messages
from lsp_server.engine.shared.wire.messages import DescribeRequest
from lsp_server.engine.shared.wire.versions import Versions
from lsp_server.engine.status import EngineStatus
from lsp_server.errors import BadRequestError, EngineStoppedError

LOGGER = logging.getLogger(__name__)

#: Seconds that a client may take to send a body, or to make room for the next line.
DEFAULT_CLIENT_TIMEOUT_S = 15.0

Body = TypeVar("Body")

_GENERATE_DECODER = Decoder(GenerateRequest)
_COUNT_DECODER = Decoder(CountRequest)
_DESCRIBE_DECODER = Decoder(DescribeRequest)


class EngineServer:
    """Answers requests with an engine until the switch is thrown."""

    def __init__(
        self,
        engine: Engine,
        versions: Versions,
        stop: StopSwitch,
        activity: Activity,
        *,
        default_model: str = EMBEDDED_MODEL,
        limits: RequestLimits | None = None,
        client_timeout_s: float = DEFAULT_CLIENT_TIMEOUT_S,
    ) -> None:
        """Take what the handlers need.

        Args:
            engine: What answers; it stays the caller's.
            versions: What `hello` says.
            stop: Thrown by a stop request; ends all requests.
            activity: Counts the requests.
            default_model: Answers other tools that name none.
            limits: How much may be asked for.
            client_timeout_s: A client that sends or takes nothing for this long is dropped.
        """
        self._engine = MeteredEngine(engine)
        self._versions = versions
        self._stop = stop
        self._activity = activity
        self._client_timeout_s = client_timeout_s
        self._limits = limits or RequestLimits()
        self._limiter = RequestLimiter(self._limits)
        self._draining: asyncio.Task[None] | None = None
        self._sites: list[Site] = []
        self._other_tools = OtherTools(
            self._engine,
            ModelNames(engine, default_model),
            stop,
            self._limits,
            client_timeout_s=client_timeout_s,
        )

    def socket_site(self) -> Site:
        """Return what answers at the Unix socket."""
        return self._site(self._app(refuse_other_users, refuse_other_protocols))

    def tcp_site(self, guard: TcpGuard) -> Site:
        """Return what answers at a TCP port."""
        app = self._app(guard.middleware(), refuse_other_protocols)
        app.add_routes(guard.routes())
        return self._site(app)

    def _site(self, app: web.Application) -> Site:
        site = Site(
            app,
            max_connections=self._limits.max_connections,
            head_timeout_s=self._client_timeout_s,
        )
        self._sites.append(site)
        return site

    def _app(self, *guards: Middleware) -> web.Application:
        """Return an application; this is the one place that lists the routes."""
        app = web.Application(
            middlewares=[
                answer_errors,
                *guards,
                self._limiter.middleware(),
                self._count_requests(),
            ],
            client_max_size=self._limits.max_body_bytes,
        )
        app.add_routes(
            [
                web.get(messages.HELLO_PATH, self._hello),
                web.post(messages.GENERATE_PATH, self._generate),
                web.post(messages.COUNT_PATH, self._count),
                web.post(messages.DESCRIBE_PATH, self._describe),
                web.get(messages.STATUS_PATH, self._status),
                web.post(messages.STOP_PATH, self._stop_process),
                web.get(messages.HEALTH_PATH, self._health),
                web.get(messages.METRICS_PATH, self._metrics),
                *self._other_tools.routes(),
            ]
        )
        return app

    def _count_requests(self) -> Middleware:
        @web.middleware
        async def count_request(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._stop.check()
            if self._draining is not None and request.path != messages.STOP_PATH:
                raise EngineStoppedError("the engine makes room for a newer one; ask that one")
            with self._activity.request():
                return await handler(request)

        return count_request

    async def _hello(self, _request: web.Request) -> web.StreamResponse:
        return json_response(self._versions)

    async def _health(self, _request: web.Request) -> web.StreamResponse:
        return json_response({"status": "ok"})

    async def _status(self, _request: web.Request) -> web.StreamResponse:
        async with self._stop.guard():
            return json_response(await self._whole_status())

    async def _metrics(self, _request: web.Request) -> web.StreamResponse:
        async with self._stop.guard():
            text = metrics_text(await self._whole_status(), self._engine.meter)
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    async def _whole_status(self) -> EngineStatus:
        """Return the engine's status with what only its process knows."""
        transports = [connection for site in self._sites for connection in site.transports]
        return msgspec.structs.replace(
            await self._engine.status(),
            memory_bytes=resident_bytes(),
            clients=self._limiter.client_statuses(transports),
        )

    async def _count(self, request: web.Request) -> web.StreamResponse:
        wanted = await self._body(request, _COUNT_DECODER)
        async with self._stop.guard():
            return json_response(await self._engine.count(wanted))

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        wanted = await self._body(request, _GENERATE_DECODER)
        self._limits.check_prompt_length(wanted)
        writer = await LineWriter.open(request, self._client_timeout_s)
        await stream_events(self._engine, wanted, writer, self._stop)
        return writer.response

    async def _describe(self, request: web.Request) -> web.StreamResponse:
        wanted = await self._body(request, _DESCRIBE_DECODER)
        writer = await LineWriter.open(request, self._client_timeout_s)
        await stream_description(self._engine, wanted.model, writer, self._stop)
        return writer.response

    async def _stop_process(self, request: web.Request) -> web.StreamResponse:
        drain_s = _drain_seconds(request)
        LOGGER.info("asked to stop; %g s for what runs", drain_s)
        response = json_response(self._versions)
        response.force_close()
        self._draining = asyncio.create_task(self._drain(drain_s))
        return response

    async def _drain(self, drain_s: float) -> None:
        """Let the requests that run come to their end, but not for long, and end everything."""
        with suppress(TimeoutError):
            await wait_until(lambda: self._activity.num_running == 0, drain_s)
        self._stop.throw()

    async def _body(self, request: web.Request, decoder: Decoder[Body]) -> Body:
        body = await read_body(request, self._client_timeout_s)
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequestError(f"the body is no {decoder.type.__name__}: {error}") from error


def _drain_seconds(request: web.Request) -> float:
    """Return for how long running requests may go on; none is what older clients send."""
    text = request.query.get(messages.DRAIN_FIELD, "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= messages.MAX_DRAIN_S:
        raise BadRequestError(
            f"{messages.DRAIN_FIELD}={text!r} is no number of seconds from 0 to "
            f"{messages.MAX_DRAIN_S:g}"
        )
    return seconds
