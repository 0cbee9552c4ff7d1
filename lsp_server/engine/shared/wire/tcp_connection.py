"""The client's end of a TCP port: sends nothing before the engine has proven itself.

A lock or address file may be stale, and another program may have taken the port since: it must
get neither the secret nor source text.  So every connection begins with a question that only an
engine of this user can answer; requests follow on that very connection.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from dataclasses import dataclass

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.tracing import Trace

from lsp_server.engine.shared.tcp.address import TcpAddress
from lsp_server.engine.shared.tcp.secret import Secret
from lsp_server.engine.shared.wire import messages
from lsp_server.errors import EngineStartError

_NUM_NONCE_BYTES = 32
_PROOF_TIMEOUT_S = 10.0
_MAX_ANSWER_BYTES = 8_192
_END_OF_HEAD = b"\r\n\r\n"


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    proof: str


@dataclass(frozen=True, slots=True)
class TcpEnd:
    """An engine's TCP port.

    Attributes:
        address: Where it listens.
        secret: What both ends know.
    """

    address: TcpAddress
    secret: Secret


_PROOF_DECODER = msgspec.json.Decoder(_Proof)


class ProvenConnector(aiohttp.BaseConnector):
    """Hands out connections to engines that know the secret."""

    def __init__(self, end: TcpEnd, *, keepalive_timeout: float) -> None:
        """Prepare; nothing is opened yet.

        Args:
            end: The engine.
            keepalive_timeout: Seconds for which an idle connection is kept.
        """
        super().__init__(limit=0, keepalive_timeout=keepalive_timeout)
        self._address = end.address
        self._secret = end.secret

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own name
    ) -> ResponseHandler:
        del req, traces, timeout  # One address, one time limit.
        loop = asyncio.get_running_loop()
        connection = socket.socket(_family(self._address), socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            await loop.sock_connect(connection, (self._address.host, self._address.port))
            await self._check_proof(connection)
            _, protocol = await loop.create_connection(self._factory, sock=connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise aiohttp.ClientConnectionError(
                    f"nobody listens at {self._address.authority}: {error.strerror}"
                ) from error
            raise
        return protocol

    async def _check_proof(self, connection: socket.socket) -> None:
        """Ask the other end for a proof.

        Raises:
            EngineStartError: It gives none.
        """
        nonce = secrets.token_bytes(_NUM_NONCE_BYTES)
        expected = self._secret.prove(nonce, self._address.port)
        try:
            async with asyncio.timeout(_PROOF_TIMEOUT_S):
                proof = await self._ask(connection, nonce)
        except (TimeoutError, ValueError, msgspec.MsgspecError) as error:
            raise self._refusal() from error
        if not hmac.compare_digest(proof.encode(), expected.encode()):
            raise self._refusal()

    async def _ask(self, connection: socket.socket, nonce: bytes) -> str:
        body = msgspec.json.encode({"nonce": nonce.hex()})
        head = (
            f"POST {messages.PROVE_PATH} HTTP/1.1\r\nHost: {self._address.authority}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, head.encode() + body)
        answer = b""
        while not _is_whole(answer):
            data = await loop.sock_recv(connection, _MAX_ANSWER_BYTES)
            answer += data
            if not data or len(answer) > _MAX_ANSWER_BYTES:
                raise ValueError("the answer is no proof")
        return _PROOF_DECODER.decode(answer.partition(_END_OF_HEAD)[2]).proof

    def _refusal(self) -> EngineStartError:
        return EngineStartError(
            f"what listens at {self._address.authority} does not know the secret of your engine, "
            "so nothing was sent to it; end it, or choose another port with "
            "`bantam engine serve --tcp`"
        )


def _is_whole(answer: bytes) -> bool:
    """Return whether the head and as much as it announces are there.

    Raises:
        ValueError: The head announces no length.
    """
    head, end, body = answer.partition(_END_OF_HEAD)
    if not end:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(body) >= int(value)
    raise ValueError("the answer has no length")


def _family(address: TcpAddress) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address.host else socket.AF_INET
