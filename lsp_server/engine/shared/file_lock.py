"""A lock that ends with its process, however that ends.

`flock` belongs to the open file, so the system releases it even after `kill -9`: a lock that
can be taken proves that nobody holds it.  The file also holds a few bytes for the next holder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from lsp_server.directories import write_refusal
from lsp_server.engine.shared.polling import wait_until

#: A link is not followed, and nothing is waited for that is no file.
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


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
            ConfigError: The file cannot be opened.
        """
        assert self._descriptor is None, "a lock is taken once"
        try:
            descriptor = self._open(os.O_RDWR | os.O_CREAT)
        except FileNotFoundError as error:
            raise write_refusal(self._path, error) from error
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
            ConfigError: The file cannot be opened.
        """
        await wait_until(self.try_acquire, timeout_s)

    def is_held(self) -> bool:
        """Return whether another process holds the lock; does not take it, even for a moment.

        Raises:
            ConfigError: The file cannot be opened.
        """
        try:
            descriptor = self._open(os.O_RDONLY)
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
        """Replace what the file holds; only its holder may.

        Raises:
            ConfigError: The disk is full.
        """
        assert self._descriptor is not None, "only the holder of a lock writes to it"
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)
        except OSError as error:
            raise write_refusal(self._path, error) from error

    def read(self) -> str:
        """Return what the file holds; anybody may, and a missing file holds nothing.

        Raises:
            ConfigError: The file cannot be opened.
        """
        try:
            descriptor = self._open(os.O_RDONLY)
        except FileNotFoundError:
            return ""
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _open(self, flags: int) -> int:
        """Return a descriptor of the file, which need not be there."""
        try:
            descriptor = os.open(self._path, flags | _FLAGS, 0o600)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise write_refusal(self._path, error) from error
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        no_file = FileExistsError(errno.EEXIST, "it is no regular file")
        raise write_refusal(self._path, no_file)

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
