"""The secret of the engine's TCP port: whoever can read its file may use the engine.

It stands in one file and nowhere else: no command line, environment, log or message holds it.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from lsp_server.directories import Directories, make_private, write_refusal
from lsp_server.errors import ConfigError

_NUM_SECRET_BYTES = 32
_MIN_CHARS = 32
_MAX_BYTES = 1_024
#: What a proof is made of, so that it is good for nothing else.
_PURPOSE = b"Bantam engine over TCP, version 1"

MIN_NONCE_BYTES = 16
MAX_NONCE_BYTES = 64


class Secret:
    """Knows the secret and shows it to nobody."""

    def __init__(self, text: str) -> None:
        """Take the secret over."""
        self._text = text

    def __repr__(self) -> str:
        """Return a text without it."""
        return "Secret(...)"

    def matches(self, token: str) -> bool:
        """Return whether a client knows the secret; takes the same time whatever it sent."""
        theirs = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        return hmac.compare_digest(theirs, hashlib.sha256(self._text.encode()).digest())

    def prove(self, nonce: bytes, port: int) -> str:
        """Return what only somebody who knows the secret can say of a nonce.

        The port is part of it: who listens at another one cannot pass the question on.

        Args:
            nonce: Chosen by the client, once.
            port: Where the client thinks that the engine listens.
        """
        message = b"\0".join((_PURPOSE, str(port).encode(), nonce))
        return hmac.new(self._text.encode(), message, hashlib.sha256).hexdigest()

    def authorization(self) -> str:
        """Return the header that shows the secret to an engine which has proven itself."""
        return f"Bearer {self._text}"


def secret_file(directories: Directories) -> Path:
    """Return where the secret is kept."""
    return directories.state / "engine-tcp-secret"


def load_or_create_secret(path: Path) -> Secret:
    """Return the secret of a file, which is made if there is none.

    Raises:
        ConfigError: It cannot be made, or others could read it.
    """
    make_private(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return load_secret(path)
    except OSError as error:
        raise write_refusal(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(_NUM_SECRET_BYTES)}\n")
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise write_refusal(path, error) from error
    return load_secret(path)


def load_secret(path: Path) -> Secret:
    """Return the secret of a file that only the user can read.

    Raises:
        ConfigError: There is none, others could read it, or it holds no secret.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no secret at {path}; `bantam engine serve --tcp` makes one"
        ) from error
    except OSError as error:
        reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise ConfigError(_refusal(path, f"cannot be read: {reason}")) from error
    with os.fdopen(descriptor, "rb") as file:
        _check_private(path, os.fstat(descriptor))
        text = file.read(_MAX_BYTES).decode("ascii", "replace").strip()
    if len(text) < _MIN_CHARS or not text.isascii() or not text.isalnum():
        raise ConfigError(
            _refusal(path, f"holds no secret of at least {_MIN_CHARS} letters and digits")
        )
    return Secret(text)


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(_refusal(path, "is no regular file"))
    if status.st_uid != os.getuid():
        raise ConfigError(_refusal(path, f"belongs to user id {status.st_uid}, not to you"))
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise ConfigError(
            _refusal(path, f"can be read by others: its permissions are {mode:04o}, not 0600")
        )


def _refusal(path: Path, fault: str) -> str:
    return (
        f"the file of the engine's secret {path} {fault}; remove it, and "
        "`bantam engine serve --tcp` makes a new one"
    )
