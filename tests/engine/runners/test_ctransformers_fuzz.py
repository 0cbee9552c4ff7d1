"""Damaged files are refused or run; none ends the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Changes one or two bytes of the header again and again, and loads what comes out.
LOAD_DAMAGED = """
import random, sys
from pathlib import Path
from lsp_server.engine.loader import make_loader
from lsp_server.engine.runners.base import BatchToken
from lsp_server.errors import BantamError
from lsp_server.models.gguf import read_gguf_header
from lsp_server.settings.schema import EngineSettings

source, target, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
load = make_loader(EngineSettings(library="ctransformers", threads=1, context_tokens=64))
content, end = source.read_bytes(), read_gguf_header(source).data_offset
chance = random.Random(seed)
num_refused = num_run = 0
for _ in range(100):
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2])):
        # Most of the middle is vocabulary; what matters stands at both ends.
        span = chance.choice([(0, 900), (end - 900, end), (0, end)])
        damaged[chance.randrange(*span)] = chance.choice([0, 1, 255, chance.randrange(256)])
    target.unlink(missing_ok=True)
    target.write_bytes(damaged)
    try:
        runner = load(str(target), lambda fraction: True).runner
        runner.forward([BatchToken(token, token, 0, token == 19) for token in range(20)])
        runner.close()
        num_run += 1
    except BantamError:
        num_refused += 1
print(num_refused > 0, num_run > 0)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_headers_end_in_an_error_or_in_a_model_that_runs(
    tiny_model: Path, tmp_path: Path, seed: int
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOAD_DAMAGED, tiny_model, tmp_path / "damaged.gguf", str(seed)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2_000:]
    assert result.stdout.endswith("True True\n")
