"""The engine leaves no core, and lets nobody look into its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, resource
from lsp_server.engine.shared.core_dumps import forbid_core_dumps
forbid_core_dumps()
PR_GET_DUMPABLE = 3
is_dumpable = ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
print(resource.getrlimit(resource.RLIMIT_CORE), is_dumpable)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_cores_are_off_by_limit_and_by_flag() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout == "(0, 0) 0\n", done.stderr
