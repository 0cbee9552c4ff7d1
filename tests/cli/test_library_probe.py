"""The model library is asked in another process, whose end is a message and nothing worse."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lsp_server.cli import library_probe
from lsp_server.cli.library_probe import LibraryFacts, LibraryProbeError, probe_library


def test_features_are_those_that_are_on_by_back_end() -> None:
    facts = LibraryFacts(
        binding_version="1",
        library_version="2",
        system_info="CUDA : ARCHS = 890 | USE_GRAPHS = 1 | CPU : AVX2 = 1 | FMA = 0 | F16C = 1 | ",
        has_gpu_offload=True,
    )
    assert facts.features == {"CUDA": ["USE_GRAPHS"], "CPU": ["AVX2", "F16C"]}


@pytest.mark.real_model
def test_the_installed_library_answers() -> None:
    facts = probe_library()
    assert facts.binding_version
    assert "CPU" in facts.features


@pytest.mark.real_model
def test_asking_the_library_does_not_load_it_here() -> None:
    script = (
        "import sys\n"
        "from lsp_server.cli.library_probe import probe_library\n"
        "probe_library()\n"
        "print('llama_cpp' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def end_with(monkeypatch: pytest.MonkeyPatch, status: int, stderr: bytes = b"") -> None:
    result = subprocess.CompletedProcess([], status, stdout=b"", stderr=stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: result)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    end_with(monkeypatch, 1, b"Traceback\nModuleNotFoundError: No module named 'llama_cpp'\n")
    with pytest.raises(LibraryProbeError, match="No module named 'llama_cpp'"):
        probe_library()


def test_a_crash_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    end_with(monkeypatch, -4)
    with pytest.raises(LibraryProbeError, match="SIGILL; it was probably built for another"):
        probe_library()


def test_silence_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_probe, "_TIMEOUT_S", 0.001)
    with pytest.raises(LibraryProbeError, match=r"within 0\.001 s"):
        probe_library()
