"""The engine's end of the socket: bind it, and take it away again if it is still ours."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from lsp_server.errors import EngineStartError

_BACKLOG = 128


class Listener:
    """A Unix socket that listens.  Only the holder of `engine.lock` makes one."""

    def __init__(self, path: Path) -> None:
        """Bind and listen; whatever stands there is left over from an engine that died.

        Raises:
            EngineStartError: The place cannot be had.
        """
        self._path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path.unlink(missing_ok=True)
            self.socket.bind(os.fspath(path))
            path.chmod(0o600)
            self.socket.listen(_BACKLOG)
            self._identity = _identity(path)
        except OSError as error:
            self.socket.close()
            raise EngineStartError(
                f"cannot listen at {path}: {error.strerror}; remove what stands there, or point "
                "BANTAM_RUNTIME_DIR to another folder"
            ) from error

    @property
    def is_reachable(self) -> bool:
        """Whether the path still leads to this socket."""
        with suppress(OSError):
            return _identity(self._path) == self._identity
        return False

    def remove(self) -> None:
        """Remove the path if it still leads here, so that no new client comes; also twice."""
        if self.is_reachable:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the path and stop listening; also twice."""
        self.remove()
        self.socket.close()


def _identity(path: Path) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino
