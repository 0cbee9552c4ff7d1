"""The key of the remote server: read when it is needed, and shown to nobody."""

from __future__ import annotations

import os
from pathlib import Path

from lsp_server.errors import ConfigError
from lsp_server.settings.schema import RemoteSettings

_MAX_KEY_BYTES = 8_192


def read_key(remote: RemoteSettings) -> str | None:
    """Return the key, or `None` when the settings name none.

    Raises:
        ConfigError: It is not where the settings say, or is no key.
    """
    if remote.key_file and remote.key_variable:
        raise ConfigError("remote.key_file and remote.key_variable exclude each other; set one")
    if remote.key_file:
        return _checked(_file_text(Path(remote.key_file)), f"the file {remote.key_file}")
    if remote.key_variable:
        name = remote.key_variable
        text = os.environ.get(name, "")
        return _checked(text, f"the environment variable {name} (remote.key_variable)")
    return None


def _file_text(path: Path) -> str:
    try:
        path = path.expanduser()
        if not path.is_absolute():
            raise ConfigError(f"remote.key_file is {path}, but it must be an absolute path")
        with path.open("rb") as file:
            data = file.read(_MAX_KEY_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"the key in remote.key_file ({path}) cannot be read: {error.strerror}"
        ) from error
    except RuntimeError as error:
        raise ConfigError(f"the home folder in remote.key_file ({path}) is unknown") from error
    if len(data) > _MAX_KEY_BYTES:
        raise ConfigError(
            f"remote.key_file ({path}) has more than {_MAX_KEY_BYTES} bytes; it must hold the key "
            "alone"
        )
    return data.decode("ascii", "replace")


def _checked(text: str, place: str) -> str:
    key = text.strip()
    if not key:
        raise ConfigError(f"the key of the remote server is missing: {place} is empty or not set")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError(
            f"{place} holds no key: a key is one word of plain characters; put the key there alone"
        )
    return key
