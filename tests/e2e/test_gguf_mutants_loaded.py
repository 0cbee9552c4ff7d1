"""Damaged model files that the reader accepts, loaded for good: the engine lives through all."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import read_gguf_header, require_weights
from lsp_server.models.soundness import require_sound
from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import write_model
from tests.support.engine_processes import REPOSITORY
from tests.support.gguf_mutants import mutants

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]

SEED = 7


def accepted(good: Path, num_files: int) -> list[str]:
    """Write damaged copies beside a good file, and return those that the reader accepts."""
    paths: list[str] = []
    content = good.read_bytes()
    for number in itertools.count(1):
        path = good.with_name(f"{number}.gguf")
        path.write_bytes(next(iter(mutants(content, SEED * 100_000 + number, 1))))
        try:
            header = read_gguf_header(path)
            require_weights(header)
            require_sound(header)
        except ModelFileError:
            path.unlink()
            continue
        paths.append(str(path))
        if len(paths) == num_files:
            break
    return paths


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("architecture", "num_files"), [("llama", 120), ("deepseek2", 120), ("gemma3", 60)]
)
def test_an_engine_loads_or_refuses_what_the_reader_accepts(
    architecture: str, num_files: int, tmp_path: Path
) -> None:
    good = tmp_path / "good.gguf"
    write_model(good, tiny_vocabulary(), architecture=ARCHITECTURES[architecture])
    paths = accepted(good, num_files)
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.load_mutants", str(good), *paths],
        cwd=REPOSITORY,
        env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    rows = result.stdout.splitlines()
    victim = rows[-1] if rows else "nothing"
    assert result.returncode == 0, f"seed {SEED}: {victim} ended it: {result.stderr[-500:]}"
    outcomes = [row.split()[1] for row in rows if row.startswith("outcome ")]
    counts = Counter(outcomes)
    print(f"seed {SEED}, {architecture}: {dict(counts)}")
    assert outcomes[0] == "answered", "the good file"
    assert len(outcomes) == num_files + 1
    assert set(counts) <= {"answered", "refused"}
