"""Numbers as people read them."""

import pytest

from lsp_server.cli.units import bytes_text, count_text


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (9_412_345, "9.4 MB"),
        (7_000_000_000, "7.0 GB"),
    ],
)
def test_bytes_text(num_bytes: int, text: str) -> None:
    assert bytes_text(num_bytes) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(12, "12"), (12_345, "12,345"), (7_340_000, "7.3 million"), (1_346_471_936, "1.3 billion")],
)
def test_count_text(count: int, text: str) -> None:
    assert count_text(count) == text
