"""What reaches the log file, and what never does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from lsp_server.directories import Directories
from lsp_server.server.protocol.logs import log_loop_error, set_log_level, start_logging


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


def written(directories: Directories) -> str:
    """Return the log of this process."""
    [file] = directories.logs.iterdir()
    return file.read_text()


def test_bodies_of_messages_stay_out_of_the_log(bantam_directories: Directories) -> None:
    start_logging(bantam_directories)
    pygls = logging.getLogger("pygls.protocol.json_rpc")
    pygls.info("Sending data: %s", "secret source")
    pygls.error("Failed to handle request %s %s", 7, {"text": "secret source"})
    logging.getLogger("lsp_server.x").info("completion: %s", "shown")
    log = written(bantam_directories)
    assert "secret" not in log
    assert "Failed to handle request" in log
    assert "completion: shown" in log


def test_the_level_of_the_settings_counts(bantam_directories: Directories) -> None:
    start_logging(bantam_directories)
    set_log_level("warning")
    logging.getLogger("lsp_server.x").info("unimportant")
    set_log_level("debug")
    logging.getLogger("lsp_server.x").debug("detailed")
    log = written(bantam_directories)
    assert "unimportant" not in log
    assert "detailed" in log


def test_of_other_libraries_only_the_place_is_logged(bantam_directories: Directories) -> None:
    start_logging(bantam_directories)
    logging.getLogger("httpx2").warning("POST https://user:%s@host", "password")
    logging.getLogger("asyncio").error("future: <Task exception=ValueError('secret')>")
    logging.getLogger("aiohttp.access").info("unimportant")
    log = written(bantam_directories)
    assert "password" not in log
    assert "secret" not in log
    assert "unimportant" not in log
    assert log.count("a message from test_logs:") == 2


def test_exceptions_are_logged_by_type_and_place(
    bantam_directories: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(bantam_directories)
    text = "secret source"
    try:
        raise ValueError(text) from KeyError(text)
    except ValueError:
        logging.getLogger("lsp_server.x").exception("hover failed")
    for shown in (written(bantam_directories), capsys.readouterr().err):
        assert "hover failed" in shown
        assert "ValueError" in shown
        assert "test_logs.py" in shown
        assert "secret source" not in shown.replace('text = "secret source"', "")


async def test_what_no_task_has_handled_is_logged_without_its_text(
    bantam_directories: Directories,
) -> None:
    start_logging(bantam_directories)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_error)

    def fail(text: str) -> None:
        raise ValueError(text)

    loop.call_soon(fail, "secret source")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log = written(bantam_directories)
    assert "ValueError" in log
    assert "secret" not in log


def test_a_folder_that_cannot_be_made_costs_the_file_only(
    bantam_directories: Directories, capsys: pytest.CaptureFixture[str]
) -> None:
    bantam_directories.state.write_text("a file where the folder should be")
    start_logging(bantam_directories)
    logging.getLogger("lsp_server.x").warning("still heard")
    error = capsys.readouterr().err
    assert "there is no log file" in error
    assert "still heard" in error
