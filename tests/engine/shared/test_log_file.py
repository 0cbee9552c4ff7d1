"""The engine's log holds no text of documents."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from lsp_server.engine.shared.log_file import set_up_log
from lsp_server.engine.shared.runtime_folder import RuntimeFolder


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[logging.Logger]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_an_exception_is_logged_with_its_place_but_without_its_message(
    folder: RuntimeFolder,
) -> None:
    set_up_log(folder.log_file, "info")
    try:
        raise KeyError("sec" + "ret")
    except KeyError:
        logging.getLogger("x").exception("request %r failed", "r1")
    text = folder.log_file.read_text()
    assert "request 'r1' failed" in text
    assert "test_log_file.py" in text
    assert "KeyError" in text
    assert "secret" not in text


def test_the_level_of_the_settings_counts(folder: RuntimeFolder) -> None:
    set_up_log(folder.log_file, "warning")
    logging.getLogger("x").info("quiet")
    logging.getLogger("x").warning("loud")
    text = folder.log_file.read_text()
    assert "loud" in text
    assert "quiet" not in text


def test_the_log_is_rotated(folder: RuntimeFolder) -> None:
    set_up_log(folder.log_file, "info")
    for _ in range(30):
        logging.getLogger("x").info("x" * 200_000)
    sizes = [file.stat().st_size for file in folder.log_file.parent.glob("engine.log*")]
    assert len(sizes) == 4
    assert max(sizes) <= 1024 * 1024
