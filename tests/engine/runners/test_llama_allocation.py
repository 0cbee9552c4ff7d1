"""A machine that has no memory for the model: an error that says so, and the process goes on."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

#: Run in a process of its own, whose memory is limited to what it has and a little more.
PROGRAM = """
    import resource, sys
    from pathlib import Path

    from lsp_server.engine.runners.base import BatchToken
    from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
    from lsp_server.errors import ModelLoadError
    from lsp_server.models.fim_detection import find_fim_format
    from lsp_server.models.gguf import read_gguf_header

    path = Path(sys.argv[1])
    file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))

    def load(num_cells):
        return LlamaCppRunner(file, LlamaSettings(num_cells, 1, 8))

    load(256).close()
    num_pages = int(Path("/proc/self/statm").read_text().split()[0])
    now = num_pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 96 * 1024**2,) * 2)
    try:
        load(1_000_000)
        print("loaded")
    except ModelLoadError as error:
        print(error)
    runner = load(256)
    assert runner.forward([BatchToken(5, 0, 0, True)]) is not None
    runner.close()
    print("went on")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_cells_that_cannot_be_allocated_are_an_error_and_a_smaller_cache_loads(
    tiny_model: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tiny_model)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    message, went_on = done.stdout.splitlines()
    assert "cannot make a KV cache of 1000000 cells for tiny.gguf" in message
    assert "lower engine.context_tokens" in message
    assert went_on == "went on"
