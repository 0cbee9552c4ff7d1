"""A lock that ends with its process, however that ends.

`flock` belongs to the open file, so the system releases it even after `kill -9`: a lock that
can be taken proves that nobody holds it.  The file also holds a few bytes for the next holder.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from lsp_server.engine.shared.polling import wait_until


class FileLock:
    """One lock file.  Never deleted: two processes could then hold two files of one name."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self._path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file, while the lock is held.

        A child that inherits it holds the lock as well, until both have closed it.
        """
        assert self._descriptor is not None, "only the holder of a lock can hand it on"
        return self._descriptor

    def try_acquire(self) -> bool:
        """Take the lock unless another process holds it.

        Raises:
            OSError: The file cannot be opened.
        """
        assert self._descriptor is None, "a lock is taken once"
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    async def acquire(self, timeout_s: float) -> None:
        """Take the lock as soon as nobody else holds it.

        Raises:
            TimeoutError: Somebody held it all the time.
            OSError: The file cannot be opened.
        """
        await wait_until(self.try_acquire, timeout_s)

    def is_held(self) -> bool:
        """Return whether another process holds the lock; does not take it, even for a moment.

        Raises:
            OSError: The file cannot be opened.
        """
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two processes that ask at the same moment do not see each other.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def release(self) -> None:
        """Let go of the lock; also without holding it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def write(self, text: str) -> None:
        """Replace what the file holds; only its holder may."""
        assert self._descriptor is not None, "only the holder of a lock writes to it"
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def read(self) -> str:
        """Return what the file holds; anybody may, and a missing file holds nothing."""
        try:
            return self._path.read_text()
        except FileNotFoundError:
            return ""

    def __enter__(self) -> Self:
        """Return the lock; it is released at the end, taken or not."""
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the lock."""
        self.release()
