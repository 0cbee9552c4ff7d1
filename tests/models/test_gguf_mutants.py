"""Tens of thousands of damaged headers, the same ones in every run: accepted or refused.

Only `ModelFileError` comes out; what is allocated follows from the file's size and the number of
reads from its bytes, whatever numbers are in it.
"""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from lsp_server.errors import ModelFileError
from lsp_server.models import gguf
from lsp_server.models.chat_formats import find_chat_format
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header, require_weights
from lsp_server.models.gguf_cursor import FileCursor
from lsp_server.models.soundness import require_sound
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import Shape, write_model
from tests.support.gguf_mutants import mutants

NUM_MUTANTS = 5_000
#: The reader's first read, and as much again for copies and values.
MAX_PEAK_BYTES = 2 * 1024 * 1024


class CountingCursor(FileCursor):
    """Counts what was read."""

    num_reads = 0

    def take(self, num_bytes: int, what: str) -> bytes:
        CountingCursor.num_reads += 1
        return super().take(num_bytes, what)


def outcome(path: Path) -> str:
    """Return what became of a file that is read as the engine reads it."""
    try:
        header = read_gguf_header(path)
        require_weights(header)
        require_sound(header)
        find_fim_format(header)
        find_chat_format(header)
    except ModelFileError as error:
        assert str(path) in str(error)
        assert "; " in str(error) or ": " in str(error)
        return "refused"
    return "accepted"


@pytest.fixture(scope="module")
def good_content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("mutants") / "good.gguf"
    write_model(path, tiny_vocabulary(), Shape(1, 4, 1, 1, 4, 64))
    return path.read_bytes()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_damaged_headers_are_accepted_or_refused(
    seed: int, good_content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf, "FileCursor", CountingCursor)
    path = tmp_path / "mutant.gguf"
    counts: Counter[str] = Counter()
    for number, content in enumerate(mutants(good_content, seed, NUM_MUTANTS)):
        path.write_bytes(content)
        CountingCursor.num_reads = 0
        # Measuring memory takes long, so not each one is.
        is_measured = number % 10 == 0
        if is_measured:
            tracemalloc.start()
        counts[outcome(path)] += 1
        if is_measured:
            peak_bytes = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak_bytes < MAX_PEAK_BYTES, f"seed {seed}, mutant {number}"
        assert CountingCursor.num_reads <= len(content) + 1, f"seed {seed}, mutant {number}"
    print(f"seed {seed}: {dict(counts)}")
    assert counts["refused"] > NUM_MUTANTS / 2
    assert counts["accepted"] > NUM_MUTANTS / 20


def test_noise_is_refused(tmp_path: Path) -> None:
    rng = random.Random(5)
    path = tmp_path / "noise.gguf"
    for _ in range(2_000):
        path.write_bytes(rng.choice((b"", b"GGUF", b"GGUF\3\0\0\0")) + rng.randbytes(64))
        assert outcome(path) == "refused"
