"""Running engines of another version, as the command line meets them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.api import PROTOCOL_VERSION
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.runtime_folder import runtime_folder
from tests.support.command import bantam
from tests.support.engine_processes import no_engine_left, start_script
from tests.support.refusals import SOURCE, check_good_call, check_refusal

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@contextmanager
def engine_of(package_version: str, protocol_version: int) -> Iterator[subprocess.Popen[str]]:
    """Run an engine of another version until the block ends."""
    engine = start_script("engine_of_version", package_version, str(protocol_version))
    try:
        yield engine
    finally:
        engine.kill()
        engine.communicate()


async def test_a_newer_engine_is_named_with_both_ways_out(
    bantam_directories: Directories, tmp_path: Path
) -> None:
    file = tmp_path / "add.py"
    file.write_text(SOURCE)
    with engine_of("99.0", PROTOCOL_VERSION + 1) as engine:
        await wait_until(runtime_folder(bantam_directories).socket.exists, timeout_s=60)
        result = bantam("complete", "--model", "fake", f"{file}:2:5")
        words = ("Bantam 99.0", f"version {PROTOCOL_VERSION + 1}", "restart the editor")
        check_refusal(result, 1, *words, "bantam engine stop")
        assert bantam("engine", "stop").returncode == 0
        assert engine.wait(30) == 0
    check_good_call(tmp_path)


async def test_an_older_engine_is_replaced_without_a_word(
    bantam_directories: Directories, tmp_path: Path
) -> None:
    with engine_of("0.0.1", PROTOCOL_VERSION - 1) as engine:
        await wait_until(runtime_folder(bantam_directories).socket.exists, timeout_s=60)
        check_good_call(tmp_path)
        assert engine.wait(30) == 0
