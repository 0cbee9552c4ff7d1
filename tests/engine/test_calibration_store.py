"""Measurements on disk."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec
import pytest

from lsp_server.engine.calibration_store import CalibrationKey, CalibrationStore, calibration_key
from lsp_server.engine.cost_model import Measurements
from lsp_server.errors import ModelNotFoundError
from lsp_server.settings.schema import EngineSettings

KEY = CalibrationKey(
    file_name="model.gguf",
    file_bytes=1_000,
    file_mtime_ns=5,
    engine="llama.cpp 1.0, bantam 1.0",
    processor="A",
    num_cores=4,
    num_threads=4,
    context_tokens=0,
)
MEASURED = Measurements(prefill_ms={16: 20.0, 32: 35.5}, decode_ms={1: 5.0}, shift_ms=0.0)


@pytest.fixture
def store(tmp_path: Path) -> CalibrationStore:
    return CalibrationStore(tmp_path)


def test_what_was_written_is_read(store: CalibrationStore) -> None:
    assert store.read(KEY) is None
    store.write(KEY, MEASURED)
    assert store.read(KEY) == MEASURED
    assert [path.suffix for path in store.path(KEY).parent.iterdir()] == [".json"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("file_name", "other.gguf"),
        ("file_bytes", 1_001),
        ("file_mtime_ns", 6),
        ("engine", "llama.cpp 1.1, bantam 1.0"),
        ("processor", "B"),
        ("num_cores", 8),
        ("num_threads", 2),
        ("context_tokens", 8_192),
    ],
)
def test_whatever_changes_is_measured_anew(
    name: str, value: object, store: CalibrationStore
) -> None:
    store.write(KEY, MEASURED)
    assert store.read(msgspec.structs.replace(KEY, **{name: value})) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": 1}',
        b"null" * 100_000,
        msgspec.json.encode({"format": 1, "key": KEY, "measured": {"prefill_ms": {}}}),
        msgspec.json.encode(
            {"format": 1, "key": KEY, "measured": {"prefill_ms": {"16": 0}, "decode_ms": {"1": 1}}}
        ),
        msgspec.json.encode(
            {"format": 1, "key": KEY, "measured": {"prefill_ms": {"a": 1}, "decode_ms": {"1": 1}}}
        ),
    ],
)
def test_damaged_file_is_ignored_with_a_line_in_the_log(
    content: bytes, store: CalibrationStore, caplog: pytest.LogCaptureFixture
) -> None:
    path = store.path(KEY)
    path.parent.mkdir()
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert store.read(KEY) is None
    assert str(path) in caplog.text
    store.write(KEY, MEASURED)
    assert store.read(KEY) == MEASURED


@pytest.mark.parametrize("change", [{"format": 1}, {"key": {"num_cores": 5}}])
def test_foreign_file_is_ignored(
    change: dict[str, object], store: CalibrationStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.write(KEY, MEASURED)
    path = store.path(KEY)
    values = msgspec.json.decode(path.read_bytes())
    for name, value in change.items():
        values[name] = values[name] | value if isinstance(value, dict) else value
    path.write_bytes(msgspec.json.encode(values))
    assert store.read(KEY) is None
    assert "belongs to something else" in caplog.text


def test_a_folder_that_cannot_be_written_costs_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "calibration").write_text("in the way")
    CalibrationStore(tmp_path).try_write(KEY, MEASURED)
    assert "are not kept" in caplog.text


def test_key_of_a_model_follows_its_file_and_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    key = calibration_key(str(path), EngineSettings())
    assert (key.file_name, key.file_bytes) == ("model.gguf", 4)
    assert calibration_key(f"llama.cpp:{path}", EngineSettings()) == key
    assert calibration_key(str(path), EngineSettings(threads=key.num_threads + 1)) != key
    assert calibration_key(f"ctransformers:{path}", EngineSettings()) != key
    os.utime(path, ns=(1, 1))
    assert calibration_key(str(path), EngineSettings()) != key


def test_key_of_no_model() -> None:
    with pytest.raises(ModelNotFoundError, match="no-such-model"):
        calibration_key("no-such-model", EngineSettings())
