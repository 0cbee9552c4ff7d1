"""Who is connected to the engine process."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable, Mapping

from lsp_server.engine.api import ClientStatus
from lsp_server.engine.shared.wire.peer import client_name


def client_statuses(
    connections: Iterable[socket.socket], open_requests: Mapping[str, int]
) -> tuple[ClientStatus, ...]:
    """Return the clients by name.

    Args:
        connections: The sockets of all that are open.
        open_requests: Requests by client.
    """
    # A socket that was closed this moment has no peer any more.
    counts = Counter(client_name(one) for one in connections if one.fileno() >= 0)
    return tuple(
        ClientStatus(name=name, num_connections=number, num_requests=open_requests.get(name, 0))
        for name, number in sorted(counts.items())
    )
