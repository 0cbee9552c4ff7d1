"""The process that measures, as those who wait for it see it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.calibration_run import CalibrationOrder, measure_now
from lsp_server.errors import EngineError, ModelNotFoundError
from lsp_server.settings.schema import EngineSettings

ORDER = CalibrationOrder(model="m", engine=EngineSettings())
MEASURED = '{"type":"measured","measured":{"prefill_ms":{"16":2.0},"decode_ms":{"1":1.0}}}'


@pytest.fixture
def run_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a file that is run instead of the process."""
    script = tmp_path / "script.py"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    return script


def test_progress_comes_before_the_result(
    run_script: Path, bantam_directories: Directories
) -> None:
    run_script.write_text(
        f'print(\'{{"type":"progress","fraction":0.5}}\', flush=True)\nprint({MEASURED!r})\n'
    )
    heard: list[float] = []
    measured = measure_now(ORDER, bantam_directories, heard.append)
    assert heard == [0.5]
    assert measured.prefill_ms == {16: 2.0}


def test_library_waits_passively_there_too(
    run_script: Path, bantam_directories: Directories
) -> None:
    run_script.write_text(
        f"import os\nprint({MEASURED!r} if os.environ['OMP_WAIT_POLICY'] == 'passive' else '')\n"
    )
    assert measure_now(ORDER, bantam_directories, lambda _fraction: None)


def test_refusal_is_an_error_of_ours(run_script: Path, bantam_directories: Directories) -> None:
    report = '{"type":"failed","error":{"kind":"model_not_found","message":"there is none"}}'
    run_script.write_text(f"print({report!r})")
    with pytest.raises(ModelNotFoundError, match="there is none"):
        measure_now(ORDER, bantam_directories, lambda _fraction: None)


def test_death_is_told_with_the_last_words(
    run_script: Path, bantam_directories: Directories
) -> None:
    run_script.write_text(
        "import os, sys\nprint('GGML_ASSERT', file=sys.stderr, flush=True)\nos.abort()"
    )
    with pytest.raises(EngineError, match=r"signal 6; it said: GGML_ASSERT"):
        measure_now(ORDER, bantam_directories, lambda _fraction: None)


def test_whoever_gives_up_ends_the_process(
    run_script: Path, bantam_directories: Directories, tmp_path: Path
) -> None:
    run_script.write_text(
        "import os, time\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        'print(\'{"type":"progress","fraction":0.1}\', flush=True)\n'
        "time.sleep(600)\n"
    )

    def give_up(_fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_now(ORDER, bantam_directories, give_up)
    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists()
