"""Real windows and a real engine, counted; bytes do not depend on how busy the machine is."""

from __future__ import annotations

import pytest

from lsp_server.directories import Directories
from scripts.measure_windows import Measured, measure, report
from tests.support.engine_processes import engines_of, no_engine_left

pytestmark = pytest.mark.e2e

_MIB = 1024**2


async def test_windows_are_light_and_share_one_engine_with_one_model(
    bantam_directories: Directories,
) -> None:
    with no_engine_left(bantam_directories):
        measured: Measured = await measure(3, "bantam-embedded")
        assert [model.model for model in measured.status.models] == ["bantam-embedded"]
        assert len(measured.servers) == 3
        for server in measured.servers:
            # Measured: 47 MiB; the model, or its library, would double it.
            assert (server.uss_bytes or server.rss_bytes) < 75 * _MIB
        assert measured.status.memory_bytes is not None
        lines = report(measured).splitlines()
        assert sum(line.startswith("server") for line in lines) == 3
        assert sum(line.startswith("engine") for line in lines) == 1
    assert engines_of(bantam_directories) == []
