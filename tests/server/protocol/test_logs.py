"""What reaches the log file, and what never does."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from lsp_server.directories import Directories
from lsp_server.server.protocol.logs import set_log_level, start_logging


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    names = (None, "pygls", "lsp_server")
    levels = {name: logging.getLogger(name).level for name in names}
    root = logging.getLogger()
    handlers = root.handlers[:]
    root.handlers[:] = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_bodies_of_messages_stay_out_of_the_log(bantam_directories: Directories) -> None:
    start_logging(bantam_directories)
    pygls = logging.getLogger("pygls.protocol.json_rpc")
    pygls.info("Sending data: %s", "secret source")
    pygls.error("Failed to handle request %s %s", 7, {"text": "secret source"})
    logging.getLogger("lsp_server.x").info("completion: %s", "shown")
    log = (bantam_directories.logs / "server.log").read_text()
    assert "secret" not in log
    assert "Failed to handle request" in log
    assert "completion: shown" in log


def test_the_level_of_the_settings_counts(bantam_directories: Directories) -> None:
    start_logging(bantam_directories)
    set_log_level("warning")
    logging.getLogger("lsp_server.x").info("unimportant")
    set_log_level("debug")
    logging.getLogger("lsp_server.x").debug("detailed")
    log = (bantam_directories.logs / "server.log").read_text()
    assert "unimportant" not in log
    assert "detailed" in log


def test_a_folder_that_cannot_be_made_costs_the_file_only(
    bantam_directories: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    bantam_directories.state.write_text("a file where the folder should be")
    start_logging(bantam_directories)
    logging.getLogger("lsp_server.x").warning("still heard")
    error = capsys.readouterr().err
    assert "there is no log file" in error
    assert "still heard" in error
