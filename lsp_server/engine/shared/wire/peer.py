"""Who is at the other end of a connection."""

from __future__ import annotations

import os
import socket
import string
import struct
import sys
from dataclasses import dataclass

#: `struct ucred` of Linux (unix(7), SO_PEERCRED): pid, uid, gid.
_UCRED = struct.Struct("iII")
#: The head of `struct xucred` of macOS and FreeBSD (sys/ucred.h): version, uid; the whole
#: structure has 76 bytes on macOS and up to 88 on FreeBSD.
_XUCRED_HEAD = struct.Struct("II")
_XUCRED_BYTES = 128
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1
#: macOS (sys/un.h).
_LOCAL_PEERPID = 2

#: Of a `User-Agent`, such as `curl/8.14.1`: the first product, as far as it is shown and counted.
_PRODUCT_LETTERS = frozenset(string.ascii_letters + string.digits + "-._/+")
_MAX_PRODUCT_CHARS = 40


def peer_user_id(connection: socket.socket) -> int:
    """Return the user id of the process that opened the other end.

    Raises:
        OSError: The system does not say.
    """
    if sys.platform == "linux":
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(credentials)[1])
    else:  # noqa: RET505 - the type checker follows branches, not returns, across platforms
        credentials = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        return int(_XUCRED_HEAD.unpack_from(credentials)[1])


def is_own_user(connection: socket.socket) -> bool:
    """Return whether the other end runs as the user of this process."""
    return peer_user_id(connection) == os.getuid()


@dataclass(frozen=True, slots=True)
class ClientName:
    """What tells the clients of an engine apart.

    Attributes:
        text: `process 123`, `socket` where the system does not say which process, or `TCP` with
            the name that a program gives itself.
        is_tcp: Whether it came over TCP.
    """

    text: str
    is_tcp: bool


def client_name(connection: socket.socket, user_agent: str) -> ClientName:
    """Return who is at the other end: a process of ours, or over TCP what it calls itself.

    The system does not say which process has the other end of a TCP connection.
    """
    if connection.family != socket.AF_UNIX:
        product = "".join(one for one in user_agent.split(" ")[0] if one in _PRODUCT_LETTERS)
        return ClientName(f"TCP {product[:_MAX_PRODUCT_CHARS]}".strip(), is_tcp=True)
    pid = _peer_process_id(connection)
    return ClientName(f"process {pid}" if pid else "socket", is_tcp=False)


def _peer_process_id(connection: socket.socket) -> int | None:
    """Return the process that opened the other end, or `None`: the system does not say."""
    if sys.platform == "linux":
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(credentials)[0])
    elif sys.platform == "darwin":  # noqa: RET505 - as above
        return connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
    else:
        return None
