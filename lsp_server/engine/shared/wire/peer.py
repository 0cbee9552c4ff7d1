"""Who is at the other end of a connection."""

from __future__ import annotations

import os
import socket
import struct
import sys

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


def client_name(connection: socket.socket) -> str:
    """Return what tells the clients of a socket apart: their process; over TCP they are one."""
    if connection.family != socket.AF_UNIX:
        return "TCP"
    pid = _peer_process_id(connection)
    return f"process {pid}" if pid else "socket"


def _peer_process_id(connection: socket.socket) -> int | None:
    """Return the process that opened the other end, or `None`: the system does not say."""
    if sys.platform == "linux":
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(credentials)[0])
    elif sys.platform == "darwin":  # noqa: RET505 - as above
        return connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
    else:
        return None
