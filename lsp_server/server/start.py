"""Run a language server until its client goes away."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from types import MappingProxyType

from lsp_server.directories import directories
from lsp_server.native_heap import keep_heap_small
from lsp_server.server.conversation import converse
from lsp_server.server.protocol.ending import end_now
from lsp_server.server.protocol.logs import start_logging
from lsp_server.server.protocol.standard_streams import reserve_stdin, reserve_stdout

_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})
_CHUNK_BYTES = 1 << 16


def serve_stdio(overrides: Mapping[str, object] = _NO_OVERRIDES) -> None:
    """Serve the client at standard input and output, and end with the status of `converse`.

    Args:
        overrides: Settings from the command line, by key (`model.name`).

    Raises:
        ConfigError: A `BANTAM_*_HOME` variable holds a relative path.
    """
    keep_heap_small()
    input_fd, output_fd = reserve_stdin(), reserve_stdout()
    start_logging(directories())
    status = asyncio.run(
        converse(
            lambda: os.read(input_fd, _CHUNK_BYTES),
            lambda data: os.write(output_fd, data),
            overrides,
        )
    )
    end_now(status)


def serve_tcp(host: str, port: int, overrides: Mapping[str, object] = _NO_OVERRIDES) -> None:
    """Serve the first client that connects, and end like `serve_stdio`; for debugging.

    Args:
        host: Address to listen at; whoever can reach it can talk to the server.
        port: Port to listen at; 0 lets the system choose.  Standard error says which.
        overrides: Settings from the command line, by key.

    Raises:
        ConfigError: A `BANTAM_*_HOME` variable holds a relative path.
        OSError: The address cannot be listened at.
    """
    keep_heap_small()
    start_logging(directories())
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.create_server(address[:2], family=family) as listener:
        sys.stderr.write(f"bantam listens at {listener.getsockname()[:2]}\n")
        sys.stderr.flush()
        connection, _ = listener.accept()
    with connection:
        status = asyncio.run(
            converse(lambda: connection.recv(_CHUNK_BYTES), connection.send, overrides)
        )
    end_now(status)
