"""Where the remote server is, checked before anything is sent there."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from lsp_server.errors import ConfigError

_REMEDY = "set remote.url to something like https://host/v1, or to nothing for the local engine"


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address.

    Attributes:
        base: The address that the paths of the interface follow, without a slash at its end.
        host: The host and, if it was given, the port: what people are shown.
        is_loopback: Whether text stays on this machine on its way there.
    """

    base: str
    host: str
    is_loopback: bool


def parse_address(url: str, *, allow_plain_http: bool) -> Address:
    """Return the address of a server.

    Without a path it is that of most servers, `/v1`.

    Args:
        url: The setting `remote.url`.
        allow_plain_http: Whether text may cross a network unencrypted.

    Raises:
        ConfigError: It is no address, holds a password, or text would cross a network readable
            by anybody.
    """
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"remote.url is {_shown(url)}, which is no http(s) address; {_REMEDY}")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"remote.url for {parts.hostname} holds a name or password; leave it out, and say "
            "where the key is in remote.key_file or remote.key_variable"
        )
    if parts.query or parts.fragment:
        raise ConfigError(
            f"remote.url for {parts.hostname} holds a query or fragment (after ? or #), which is "
            f"not sent; {_REMEDY}"
        )
    is_loopback = _is_loopback(parts.hostname)
    if parts.scheme == "http" and not (is_loopback or allow_plain_http):
        raise ConfigError(
            f"remote.url begins with http, so everybody on the way to {parts.hostname} could read "
            "your code; use https, or set remote.allow_plain_http to true in a network that you "
            "trust"
        )
    path = parts.path.rstrip("/") or "/v1"
    return Address(f"{parts.scheme}://{parts.netloc}{path}", parts.netloc, is_loopback)


def shown_host(url: str) -> str:
    """Return the host of an address for people, also of one that cannot be used."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "an address that cannot be used"
    except ValueError:
        return "an address that cannot be used"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        # Reading it checks it.
        _ = parts.port
    except ValueError as error:
        raise ConfigError(f"remote.url is {_shown(url)}: {error}; {_REMEDY}") from error
    return parts


def _shown(url: str) -> str:
    return repr(url if "@" not in url else "…@" + url.rpartition("@")[2])


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
