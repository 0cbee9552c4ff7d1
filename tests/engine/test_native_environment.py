from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lsp_server.engine.native_environment import native_environment


def test_library_sleeps_soon_and_starts_no_debugger() -> None:
    environment = native_environment({"PATH": "/bin"})
    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert 0 < int(environment["GOMP_SPINCOUNT"]) < 100_000
    assert environment["GGML_NO_BACKTRACE"] == "1"
    assert environment["PATH"] == "/bin"


def test_what_the_user_has_set_stays() -> None:
    environment = native_environment({"OMP_WAIT_POLICY": "active"})
    assert environment["OMP_WAIT_POLICY"] == "active"
    assert "GOMP_SPINCOUNT" not in environment
    assert native_environment({"GOMP_SPINCOUNT": "7"})["GOMP_SPINCOUNT"] == "7"


@pytest.mark.skipif(sys.platform != "linux", reason="only libgomp tells what it has read")
def test_the_library_of_this_build_has_read_it() -> None:
    """OpenMP reads it when it is loaded, and never again; another pool of threads would not."""
    environment = native_environment({**os.environ, "OMP_DISPLAY_ENV": "verbose"})
    environment |= native_environment({})
    program = "import llama_cpp; print(llama_cpp.llama_print_system_info())"
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert "OPENMP = 1" in result.stdout
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in result.stderr
    assert f"GOMP_SPINCOUNT = '{environment['GOMP_SPINCOUNT']}'" in result.stderr
