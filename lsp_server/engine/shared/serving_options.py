"""How one engine process is served, as far as it is not in the engine's settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lsp_server.engine.shared.http_limits import RequestLimits
from lsp_server.engine.shared.tcp.address import TcpAddress
from lsp_server.engine.shared.tcp.secret import Secret

#: What answers tools that name no model, unless the user's settings say otherwise.
EMBEDDED_MODEL = "bantam-embedded"


@dataclass(frozen=True, slots=True)
class TcpOptions:
    """A TCP port besides the socket.

    Attributes:
        address: Where to listen.
        secret: What clients have to know.
        on_listening: Told the address with the port that was had.
    """

    address: TcpAddress
    secret: Secret
    on_listening: Callable[[TcpAddress], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """How an engine is served.

    Attributes:
        default_model: Answers other tools that name none.
        limits: How much may be asked for.
        tcp: A TCP port besides the socket, or none.
        is_lasting: Whether it goes on when nobody uses it: a person started it by hand.
    """

    default_model: str = EMBEDDED_MODEL
    limits: RequestLimits = field(default_factory=RequestLimits)
    tcp: TcpOptions | None = None
    is_lasting: bool = False
