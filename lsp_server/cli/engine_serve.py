"""`bantam engine serve`: become the engine process, in the terminal of whoever wants it there."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from lsp_server.directories import directories
from lsp_server.engine.shared.child_environment import child_environment
from lsp_server.engine.shared.ending import engine_pid, is_running
from lsp_server.engine.shared.runtime_folder import runtime_folder
from lsp_server.engine.shared.tcp.address import parse_tcp_address
from lsp_server.errors import EngineStartError


def replace_by_engine(tcp: str | None) -> NoReturn:
    """Let the engine take the place of this process; the command line loads no model library.

    Args:
        tcp: `HOST:PORT` to listen at besides the socket.

    Raises:
        ConfigError: The address or a folder cannot be used.
        EngineStartError: An engine runs already.
    """
    if tcp is not None:
        parse_tcp_address(tcp)
    folders = directories()
    folder = runtime_folder(folders)
    if is_running(folder):
        raise EngineStartError(
            f"an engine (process {engine_pid(folder) or 'unknown'}) is running already; end it "
            "with `bantam engine stop`, and call this again before an editor starts another"
        )
    arguments = ["-P", "-m", "lsp_server.engine.shared.serve", "--lasting"]
    arguments += ["--runtime", str(folder.path), *(("--tcp", tcp) if tcp else ())]
    environment = child_environment(folders, os.environ)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *arguments], environment)  # noqa: S606 - ours
