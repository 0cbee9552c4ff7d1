"""The runner on a tiny model of random weights: what the scheduler and the cache rely on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.llama_cpp import (
    MAX_BATCH_TOKENS,
    LlamaCppRunner,
    LlamaFile,
    LlamaSettings,
)
from lsp_server.errors import EngineError, EngineStoppedError, ModelLoadError, NoCellsError
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header

TOKENS = [(7 * i + 3) % 200 + 10 for i in range(120)]


def load(path: Path, num_cells: int = 512, max_sequences: int = 8) -> LlamaCppRunner:
    file = LlamaFile(path, "tiny", find_fim_format(read_gguf_header(path)))
    return LlamaCppRunner(file, LlamaSettings(num_cells, 1, max_sequences))


@pytest.fixture
def runner(tiny_model: Path) -> Iterator[LlamaCppRunner]:
    runner = load(tiny_model)
    yield runner
    runner.close()


def compute(
    runner: LlamaCppRunner, sequence_id: int, tokens: list[int], start: int = 0, chunk: int = 64
) -> Logits:
    """Compute tokens and return the logits after the last one, `[n_vocab]`."""
    logits = None
    for offset in range(0, len(tokens), chunk):
        part = tokens[offset : offset + chunk]
        logits = runner.forward(
            [
                BatchToken(token, start + offset + i, sequence_id, offset + i == len(tokens) - 1)
                for i, token in enumerate(part)
            ]
        )
    assert logits is not None
    return logits[0].copy()


def close(left: Logits, right: Logits | list[Logits]) -> bool:
    """Whether logits, which spread about 1 here, agree to what keys in F16 leave."""
    return bool(np.abs(left - np.asarray(right)).max() < 0.02)


def test_rows_come_for_the_tokens_that_want_them(runner: LlamaCppRunner) -> None:
    batch = [BatchToken(token, i, 0, i in {2, 4}) for i, token in enumerate(TOKENS[:5])]
    logits = runner.forward(batch)
    assert logits is not None
    assert logits.shape == (2, runner.vocabulary.size)
    assert logits.dtype == np.float32


def test_no_rows_come_when_nobody_wants_them(runner: LlamaCppRunner) -> None:
    logits = runner.forward([BatchToken(TOKENS[0], 0, 0, False)])
    assert logits is not None
    assert logits.shape == (0, runner.vocabulary.size)


def test_each_row_belongs_to_its_token(runner: LlamaCppRunner) -> None:
    expected = [compute(runner, i, TOKENS[: i + 3]) for i in range(2)]
    batch = [BatchToken(token, i, 5, False) for i, token in enumerate(TOKENS[:4])]
    batch[2] = BatchToken(TOKENS[2], 2, 5, True)
    batch[3] = BatchToken(TOKENS[3], 3, 5, True)
    logits = runner.forward(batch)
    assert logits is not None
    assert close(logits, expected)


def test_going_on_after_removed_cells_equals_a_full_recompute(runner: LlamaCppRunner) -> None:
    changed = TOKENS[:60] + TOKENS[80:100]
    compute(runner, 0, TOKENS)
    runner.remove_cells(0, 60, None)
    assert runner.end_position(0) == 60
    reused = compute(runner, 0, changed[60:], start=60)
    fresh = compute(runner, 1, changed)
    assert np.argmax(reused) == np.argmax(fresh)
    assert close(reused, fresh)


def test_copied_cells_serve_their_new_owner_alone(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS)
    runner.copy_cells(0, 1, 0, 50)
    runner.remove_cells(0, 0, None)
    assert runner.end_position(0) == 0
    assert runner.end_position(1) == 50
    reused = compute(runner, 1, TOKENS[50:], start=50)
    assert close(reused, compute(runner, 2, TOKENS))


def test_sequences_in_one_batch_do_not_see_each_other(runner: LlamaCppRunner) -> None:
    expected = [compute(runner, 0, TOKENS[:20]), compute(runner, 1, TOKENS[40:60])]
    batch = [BatchToken(token, i, 2, i == 19) for i, token in enumerate(TOKENS[:20])]
    batch += [BatchToken(token, i, 3, i == 19) for i, token in enumerate(TOKENS[40:60])]
    logits = runner.forward(batch)
    assert logits is not None
    assert close(logits, expected)


def test_chunks_do_not_change_the_answer(runner: LlamaCppRunner) -> None:
    by_chunk = [compute(runner, i, TOKENS, chunk=chunk) for i, chunk in enumerate((16, 32, 120))]
    assert len({int(np.argmax(logits)) for logits in by_chunk}) == 1
    assert close(by_chunk[0], by_chunk[2])


def test_running_out_of_cells_changes_nothing(tiny_model: Path) -> None:
    runner = load(tiny_model, num_cells=256)
    tokens = [TOKENS[i % len(TOKENS)] for i in range(runner.limits.num_cells - 4)]
    compute(runner, 0, tokens)
    batch = [BatchToken(TOKENS[i], i, 1, False) for i in range(8)]
    with pytest.raises(NoCellsError, match=r"256 KV cells"):
        runner.forward(batch)
    assert runner.end_position(0) == len(tokens)
    assert runner.end_position(1) == 0
    assert runner.forward(batch[:4]) is not None
    runner.close()


def test_positions_that_do_not_follow_are_an_error(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:4])
    with pytest.raises(EngineError, match="tiny"):
        runner.forward([BatchToken(TOKENS[5], 7, 0, True)])


def test_batch_beyond_the_limit_never_reaches_the_library(runner: LlamaCppRunner) -> None:
    batch = [BatchToken(10, i, 0, False) for i in range(MAX_BATCH_TOKENS + 1)]
    with pytest.raises(AssertionError):
        runner.forward(batch)


@pytest.mark.parametrize("sequence_id", [-1, 8, 256])
def test_sequence_beyond_the_limit_never_reaches_the_library(
    runner: LlamaCppRunner, sequence_id: int
) -> None:
    with pytest.raises(AssertionError):
        runner.forward([BatchToken(10, 0, sequence_id, False)])
    with pytest.raises(AssertionError):
        runner.remove_cells(sequence_id, 0, None)


def test_abort_between_steps_has_no_effect(runner: LlamaCppRunner) -> None:
    runner.request_abort()
    assert runner.forward([BatchToken(TOKENS[0], 0, 0, True)]) is not None


def test_aborted_call_goes_on_exactly(runner: LlamaCppRunner) -> None:
    expected = compute(runner, 1, TOKENS)
    batch = [BatchToken(token, i, 0, False) for i, token in enumerate(TOKENS)]
    stop = threading.Event()

    def abort_until_stopped() -> None:
        while not stop.is_set():
            runner.request_abort()

    aborting = threading.Thread(target=abort_until_stopped)
    aborting.start()
    logits = runner.forward(batch)
    while logits is not None:  # It was through before the flag was raised again.
        runner.remove_cells(0, 0, None)
        logits = runner.forward(batch)
    stop.set()
    aborting.join()
    end = runner.end_position(0)
    assert end < len(TOKENS)
    assert close(compute(runner, 0, TOKENS[end:], start=end), expected)


def test_empty_sequence_ends_at_zero_and_can_resume_there(runner: LlamaCppRunner) -> None:
    assert runner.end_position(3) == 0
    assert runner.can_resume(3, 0)
    assert not runner.can_resume(3, 1)


def test_context_is_no_longer_than_the_model_was_trained_for(tiny_model: Path) -> None:
    runner = load(tiny_model, num_cells=4096)
    assert runner.limits.num_cells == 4096
    assert runner.limits.context_tokens == 2048
    runner.close()


def test_closing_twice_is_fine(tiny_model: Path) -> None:
    runner = load(tiny_model)
    runner.close()
    runner.close()


def test_loading_tells_how_far_it_is_and_can_be_given_up(tiny_model: Path) -> None:
    fractions: list[float] = []

    def give_up(fraction: float) -> bool:
        fractions.append(fraction)
        return len(fractions) < 2

    file = LlamaFile(tiny_model, "tiny", find_fim_format(read_gguf_header(tiny_model)))
    with pytest.raises(EngineStoppedError, match=r"tiny\.gguf was given up"):
        LlamaCppRunner(file, LlamaSettings(512, 1), give_up)
    assert len(fractions) == 2


def test_file_that_the_library_refuses_is_an_error_with_its_reason(
    tiny_model: Path, tmp_path: Path
) -> None:
    data = tiny_model.read_bytes()
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(data.replace(b"output_norm.weight", b"output_mron.weight"))
    with pytest.raises(ModelLoadError, match=r"broken\.gguf: .*output_norm"):
        load(broken)
