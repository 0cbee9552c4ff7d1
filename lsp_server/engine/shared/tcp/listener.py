"""A TCP port of this machine that listens."""

from __future__ import annotations

import socket

from lsp_server.engine.shared.tcp.address import TcpAddress
from lsp_server.errors import EngineStartError

_BACKLOG = 128


class TcpListener:
    """Listens at a loopback address.

    Attributes:
        socket: The listening socket.
        address: Where it listens; the port is known.
    """

    def __init__(self, wanted: TcpAddress) -> None:
        """Bind and listen.

        Raises:
            EngineStartError: The port cannot be had.
        """
        family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((wanted.host, wanted.port))
            self.socket.listen(_BACKLOG)
        except OSError as error:
            self.socket.close()
            raise EngineStartError(
                f"cannot listen at {wanted.authority}: {error.strerror}; choose another port with "
                "--tcp, or end what listens there"
            ) from error
        self.address = TcpAddress(wanted.host, self.socket.getsockname()[1])
