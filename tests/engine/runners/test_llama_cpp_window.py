"""Sliding-window models: cells outside the window are kept, because reuse needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from tests.support.window_model import WINDOW_TOKENS, write_window_model

TOKENS = [(7 * i + 3) % 200 + 10 for i in range(100)]
OTHER_TOKENS = [(11 * i + 5) % 200 + 10 for i in range(100)]


@pytest.fixture(scope="module")
def window_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_window_model(tmp_path_factory.mktemp("window") / "window.gguf")


@pytest.fixture
def runner(window_model: Path) -> Iterator[LlamaCppRunner]:
    runner = load(window_model)
    yield runner
    runner.close()


def load(path: Path) -> LlamaCppRunner:
    file = LlamaFile(path, "window", find_fim_format(read_gguf_header(path)))
    return LlamaCppRunner(file, LlamaSettings(512, 1, 8))


def compute(runner: LlamaCppRunner, sequence_id: int, tokens: list[int], start: int = 0) -> Logits:
    logits = runner.forward(
        [
            BatchToken(token, start + i, sequence_id, i == len(tokens) - 1)
            for i, token in enumerate(tokens)
        ]
    )
    assert logits is not None
    return logits[0].copy()


def move_search_to_the_first_cell(runner: LlamaCppRunner) -> None:
    """Free the cells at the very beginning, so that the library looks for room there."""
    runner.remove_cells(7, 0, None)


def test_other_sequences_do_not_overwrite_what_left_the_window(runner: LlamaCppRunner) -> None:
    compute(runner, 7, OTHER_TOKENS[:2])
    compute(runner, 0, TOKENS)
    move_search_to_the_first_cell(runner)
    for other in range(1, 4):
        compute(runner, other, OTHER_TOKENS)
    assert runner.can_resume(0, 50)
    runner.remove_cells(0, 50, None)
    resumed = compute(runner, 0, TOKENS[50:], start=50)
    fresh = compute(runner, 5, TOKENS)
    assert np.abs(resumed - fresh).max() < 0.02


def test_own_later_tokens_do_not_overwrite_what_left_the_window(runner: LlamaCppRunner) -> None:
    compute(runner, 7, OTHER_TOKENS[:40])
    compute(runner, 0, TOKENS[:60])
    move_search_to_the_first_cell(runner)
    compute(runner, 0, TOKENS[60:], start=60)
    runner.remove_cells(0, WINDOW_TOKENS + 4, None)
    start = WINDOW_TOKENS + 4
    resumed = compute(runner, 0, TOKENS[start:], start=start)
    assert np.abs(resumed - compute(runner, 5, TOKENS)).max() < 0.02


def test_all_cells_are_free_after_every_owner_has_gone(runner: LlamaCppRunner) -> None:
    for _ in range(10):
        compute(runner, 0, TOKENS)
        runner.copy_cells(0, 1, 0, 80)
        runner.remove_cells(0, 0, None)
        compute(runner, 1, TOKENS[80:], start=80)
        runner.remove_cells(1, 0, None)
    assert runner.end_position(0) == runner.end_position(1) == 0


def test_resuming_needs_the_window_before_the_position(
    runner: LlamaCppRunner,
) -> None:
    compute(runner, 0, TOKENS)
    runner.remove_cells(0, 0, 40)
    assert not runner.can_resume(0, 40 + WINDOW_TOKENS - 2)
    assert runner.can_resume(0, 40 + WINDOW_TOKENS - 1)
    assert not runner.can_resume(0, 101)
