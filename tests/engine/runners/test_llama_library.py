from __future__ import annotations

import logging
from collections.abc import Callable

import llama_cpp
import pytest

from lsp_server.engine.runners import llama_library
from lsp_server.engine.runners.llama_library import (
    forget_errors,
    may_repack_weights,
    take_reason,
)

#: As the library calls it: level, text, user data.
Log = Callable[[int, bytes, object], None]


@pytest.fixture
def log() -> Log:
    forget_errors()
    return llama_library._log


def test_complaints_are_logged_when_something_failed(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    log(4, b"missing tensor\n", None)
    log(4, b"failed to load\n", None)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert take_reason() == ": missing tensor"
    assert [
        record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR
    ] == [
        "missing tensor",
        "failed to load",
    ]


def test_forgotten_complaints_are_no_reason(log: Log) -> None:
    log(4, b"aborted\n", None)
    forget_errors()
    assert take_reason() == ""


def test_information_is_for_debugging_and_warnings_are_information(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    log(2, b"hundreds of lines\n", None)
    log(3, b"odd token\n", None)
    log(5, b".", None)
    assert [record.levelno for record in caplog.records] == [logging.DEBUG, logging.INFO]


@pytest.mark.parametrize(
    ("features", "may_repack"), [(b"AVX512 = 1 | AMX_INT8 = 1 | ", False), (b"AVX512 = 1 | ", True)]
)
def test_weights_are_not_laid_out_for_tiles(
    features: bytes, may_repack: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_cpp, "llama_print_system_info", lambda: features)
    assert may_repack_weights() is may_repack
