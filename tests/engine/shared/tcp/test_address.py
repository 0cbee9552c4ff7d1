"""Which addresses the engine may listen at."""

from __future__ import annotations

import pytest

from lsp_server.engine.shared.tcp.address import TcpAddress, parse_tcp_address
from lsp_server.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8012", TcpAddress("127.0.0.1", 8012)),
        ("localhost:8012", TcpAddress("127.0.0.1", 8012)),
        ("127.8.9.1:0", TcpAddress("127.8.9.1", 0)),
        ("[::1]:8012", TcpAddress("::1", 8012)),
    ],
)
def test_loopback_addresses(text: str, address: TcpAddress) -> None:
    assert parse_tcp_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0:8012", "192.168.1.2:8012", "10.0.0.1:80", "[::]:8012", "[fe80::1%lo]:1"),
        *("example.com:8012", "127.0.0.1.evil.example:8012", "[::ffff:10.0.0.1]:1", "2130706433:1"),
    ],
)
def test_other_addresses_are_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ConfigError, match=r"no loopback address; use 127\.0\.0\.1:PORT.*ssh -L"):
        parse_tcp_address(text)


@pytest.mark.parametrize(
    "text", ["", "8012", ":8012", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536"]
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"HOST:PORT, such as 127\.0\.0\.1:8012"):
        parse_tcp_address(text)
