"""The two servers that tests over raw pipes compare: ours, and pygls alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.raw_pipe import RawServer, started


@pytest.fixture
def bantam() -> Iterator[RawServer]:
    """Run a server with our guards and handlers that misbehave."""
    yield from started("bantam_probe_server")


@pytest.fixture
def plain() -> Iterator[RawServer]:
    """Run the same handlers on pygls as it is."""
    yield from started("plain_pygls_server")
