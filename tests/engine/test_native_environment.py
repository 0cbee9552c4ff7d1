from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lsp_server.engine.native_environment import native_environment
from scripts.peer.environment import plain_environment


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


ONLY_LIBGOMP_TELLS = pytest.mark.skipif(
    sys.platform != "linux", reason="only libgomp tells what it has read"
)


def words_of_openmp(program: str, environment: dict[str, str]) -> tuple[str, str]:
    """Return what a program prints, and what OpenMP says of its settings meanwhile."""
    environment = {**environment, "OMP_DISPLAY_ENV": "verbose"}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout, result.stderr


@ONLY_LIBGOMP_TELLS
def test_the_library_of_this_build_has_read_it() -> None:
    """OpenMP reads it when it is loaded, and never again; another pool of threads would not."""
    environment = {**os.environ, **native_environment({})}
    program = "import llama_cpp; print(llama_cpp.llama_print_system_info())"
    printed, told = words_of_openmp(program, environment)
    assert "OPENMP = 1" in printed
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in told
    assert f"GOMP_SPINCOUNT = '{environment['GOMP_SPINCOUNT']}'" in told


@ONLY_LIBGOMP_TELLS
@pytest.mark.parametrize("module", ["scripts.engine_bench.cli", "scripts.agreement_bench.cli"])
def test_benchmarks_that_load_models_themselves_wait_as_the_product_does(module: str) -> None:
    _, told = words_of_openmp(f"import {module}, llama_cpp", plain_environment())
    assert f"GOMP_SPINCOUNT = '{native_environment({})['GOMP_SPINCOUNT']}'" in told
