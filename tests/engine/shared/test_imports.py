"""What a language server that only prepares a client has to load."""

from __future__ import annotations

import subprocess
import sys

CHECK = """
import sys
from lsp_server.directories import directories
from lsp_server.engine.client import EngineClient
EngineClient(directories())
heavy = {"aiohttp", "llama_cpp", "numpy", "yarl", "multidict"} & set(sys.modules)
assert not heavy, heavy
import lsp_server.engine.shared.process
heavy = {"llama_cpp", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_client_loads_no_model_library_and_http_only_when_it_asks() -> None:
    subprocess.run([sys.executable, "-c", CHECK], check=True)
