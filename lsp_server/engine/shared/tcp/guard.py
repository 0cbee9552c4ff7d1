"""Who may ask over TCP: nobody whose page a browser shows, and only who knows the secret."""

from __future__ import annotations

import binascii

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from lsp_server.engine.shared.adapters.fields import decode_fields, refused
from lsp_server.engine.shared.http_bodies import read_body
from lsp_server.engine.shared.http_errors import json_response
from lsp_server.engine.shared.tcp.address import TcpAddress
from lsp_server.engine.shared.tcp.secret import MAX_NONCE_BYTES, MIN_NONCE_BYTES, Secret
from lsp_server.engine.shared.wire import messages

#: Browsers add these to what pages ask for; no tool does.
_BROWSER_HEADERS = ("Origin", "Sec-Fetch-Site")
#: What needs no secret: it says nothing but that something is there.
_OPEN_PATHS = frozenset({messages.HEALTH_PATH, messages.PROVE_PATH})

_PROOF_TIMEOUT_S = 15.0
#: A nonce in hexadecimal digits, and the JSON around it.
_MAX_PROOF_BODY_BYTES = 512


class _ProveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be proven; hexadecimal."""

    nonce: str


class TcpGuard:
    """Guards one TCP port."""

    def __init__(self, address: TcpAddress, secret: Secret) -> None:
        """Take what requests are compared with.

        Args:
            address: Where the engine listens; the port is known.
            secret: What clients have to know.
        """
        self._address = address
        self._secret = secret

    def middleware(self) -> Middleware:
        """Return what every request has to pass before anything of it is read."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check_origin(request)
            self._check_host(request)
            if request.path not in _OPEN_PATHS:
                self._check_secret(request)
            return await handler(request)

        return guard

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoint at which the engine proves that it knows the secret."""
        return [web.post(messages.PROVE_PATH, self._prove)]

    def _check_origin(self, request: web.Request) -> None:
        for name in _BROWSER_HEADERS:
            if name in request.headers:
                raise web.HTTPForbidden(
                    text=f"this engine answers no web page; send no header {name}"
                )

    def _check_host(self, request: web.Request) -> None:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._address.host_headers:
            raise web.HTTPForbidden(
                text=f"this engine answers at {self._address.authority} alone; "
                "use that in the address"
            )

    def _check_secret(self, request: web.Request) -> None:
        values = request.headers.getall("Authorization", [])
        scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not self._secret.matches(token.strip()):
            raise web.HTTPUnauthorized(
                text="the key is missing or wrong; send `Authorization: Bearer KEY` with the key "
                "from the file that `bantam engine serve --tcp` named"
            )

    async def _prove(self, request: web.Request) -> web.StreamResponse:
        # Anybody on this machine may ask, so nobody can make us keep much.
        if not 0 < (request.content_length or 0) <= _MAX_PROOF_BODY_BYTES:
            raise web.HTTPBadRequest(
                text="the question for a proof needs a Content-Length of at most "
                f"{_MAX_PROOF_BODY_BYTES} bytes"
            )
        body = decode_fields(await read_body(request, _PROOF_TIMEOUT_S), _ProveBody)
        try:
            nonce = binascii.unhexlify(body.nonce)
        except ValueError as error:
            raise refused("nonce", body.nonce, "send hexadecimal digits") from error
        if not MIN_NONCE_BYTES <= len(nonce) <= MAX_NONCE_BYTES:
            raise refused("nonce", body.nonce, f"send {MIN_NONCE_BYTES} to {MAX_NONCE_BYTES} bytes")
        return json_response({"proof": self._secret.prove(nonce, self._address.port)})
