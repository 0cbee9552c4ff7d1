"""Where the engine may listen besides its socket: on this machine, for this machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from lsp_server.errors import ConfigError

_MAX_PORT = 65_535
_LOCALHOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A loopback address.

    Attributes:
        host: Of IPv4 or IPv6, without brackets.
        port: 0 lets the system choose one.
    """

    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as URLs have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def host_headers(self) -> frozenset[str]:
        """What a client of this machine may have in its `Host` header, in lower case.

        A name that somebody else's DNS answers for is none of these (DNS rebinding).
        """
        return frozenset({self.authority, f"localhost:{self.port}"})


def parse_tcp_address(text: str) -> TcpAddress:
    """Return the address of `HOST:PORT`.

    Raises:
        ConfigError: It is none, or not on the loopback interface.
    """
    host, colon, port_text = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port_text.isascii() and port_text.isdigit() and int(port_text) <= _MAX_PORT
    if not (colon and host and is_port):
        raise ConfigError(
            f"{text!r} is no address to listen at; write HOST:PORT, such as {_LOCALHOST}:8012, "
            f"with a port up to {_MAX_PORT}"
        )
    if host.lower() == "localhost":
        host = _LOCALHOST
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise ConfigError(_not_loopback(text)) from error
    if not address.is_loopback or "%" in host:
        raise ConfigError(_not_loopback(text))
    return TcpAddress(str(address), int(port_text))


def _not_loopback(text: str) -> str:
    return (
        f"the engine listens for this machine alone, and {text} is no loopback address; use "
        f"{_LOCALHOST}:PORT, and a tunnel such as `ssh -L` to reach it from elsewhere"
    )
