"""Moved and saved cells of every architecture, through the real library.

A block that attends only to itself can be moved without becoming stale: computed at one place
and moved, it has to equal what is computed at the other place.  So these tests see the library's
faults alone, not the staleness of an edit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest

from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.shape import RopeScaling
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import write_model

TOKENS = [(7 * i + 3) % 200 + 10 for i in range(200)]
OTHER_TOKENS = [(11 * i + 5) % 200 + 10 for i in range(200)]
#: Rounding of keys in F16, in standard deviations of the logits; attention is flat enough that
#: computing the same in pieces of another length differs by less, too.
MOST_ROUNDING_SD = 0.05


def write(folder: Path, architecture: str, scaling: RopeScaling | None = None) -> Path:
    path = folder / f"{architecture}.gguf"
    kind = ARCHITECTURES[architecture]
    shape = replace(kind.shape, rope_scaling=scaling) if scaling else kind.shape
    write_model(path, tiny_vocabulary(), shape, architecture=kind, sharpness=0.2)
    return path


def load(path: Path) -> LlamaCppRunner:
    file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))
    return LlamaCppRunner(file, LlamaSettings(1_024, 1, 8))


@pytest.fixture(scope="module", params=tuple(ARCHITECTURES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("moves"), request.param)


@pytest.fixture
def runner(model: Path) -> Iterator[LlamaCppRunner]:
    runner = load(model)
    yield runner
    runner.close()


def compute(runner: LlamaCppRunner, sequence_id: int, tokens: list[int], start: int = 0) -> Logits:
    logits = None
    for offset in range(0, len(tokens), 64):
        logits = runner.forward(
            [
                BatchToken(token, start + offset + i, sequence_id, offset + i == len(tokens) - 1)
                for i, token in enumerate(tokens[offset : offset + 64])
            ]
        )
    assert logits is not None
    return logits[0].copy()


def difference_sd(left: Logits, right: Logits) -> float:
    return float(np.abs(left - right).max() / right.std())


def test_moved_block_equals_one_computed_there(runner: LlamaCppRunner) -> None:
    assert runner.shift_support.is_allowed, runner.shift_support.reason
    compute(runner, 0, TOKENS[:60])
    runner.shift_cells(0, 37)
    assert (runner.first_position(0), runner.end_position(0)) == (37, 97)
    moved = compute(runner, 0, TOKENS[60:80], start=97)
    there = compute(runner, 1, TOKENS[:80], start=37)
    assert difference_sd(moved, there) < MOST_ROUNDING_SD


def test_move_is_pending_until_the_next_forward(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:60])
    runner.shift_cells(0, 37)
    was_pending = runner.has_pending_shift
    compute(runner, 0, TOKENS[60:80], start=97)
    assert [was_pending, runner.has_pending_shift] == [True, False]


def test_many_moves_do_not_add_up(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:60])
    compute(runner, 2, OTHER_TOKENS[:50])
    for step in range(20):
        runner.shift_cells(0, 5 if step % 2 else -3 if step > 2 else 7)
        compute(runner, 3, OTHER_TOKENS[:1], start=runner.end_position(3))
    start = runner.first_position(0)
    moved = compute(runner, 0, TOKENS[60:80], start=runner.end_position(0))
    # Keys are rounded again by every move.
    assert difference_sd(moved, compute(runner, 1, TOKENS[:80], start=start)) < 0.1
    still = compute(runner, 2, OTHER_TOKENS[50:60], start=50)
    assert difference_sd(still, compute(runner, 4, OTHER_TOKENS[:60])) < MOST_ROUNDING_SD


def test_move_of_one_sequence_loses_no_cell_of_another(runner: LlamaCppRunner) -> None:
    """A move sends the library's search for room to the first cell; see trap 5."""
    compute(runner, 0, TOKENS[:150])
    compute(runner, 2, OTHER_TOKENS[:40])
    runner.shift_cells(2, 11)
    compute(runner, 2, OTHER_TOKENS[40:150], start=51)
    assert runner.can_resume(0, 150)
    runner.remove_cells(0, 80, None)
    resumed = compute(runner, 0, TOKENS[80:150], start=80)
    assert difference_sd(resumed, compute(runner, 1, TOKENS[:150])) < MOST_ROUNDING_SD


def test_saved_sequence_goes_on_where_it_was(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:100])
    expected = compute(runner, 0, TOKENS[100:120], start=100)
    runner.remove_cells(0, 100, None)
    state = runner.save_state(0)
    assert sum(piece.nbytes for piece in state) == runner.state_bytes(0)
    runner.remove_cells(0, 0, None)
    compute(runner, 1, OTHER_TOKENS[:30])
    assert runner.restore_state(5, state)
    assert (runner.first_position(5), runner.end_position(5)) == (0, 100)
    assert difference_sd(compute(runner, 5, TOKENS[100:120], start=100), expected) < 1e-3


def test_restored_sequence_can_be_cut_back(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:120])
    state = runner.save_state(0)
    runner.remove_cells(0, 0, None)
    assert runner.restore_state(0, state)
    compute(runner, 2, OTHER_TOKENS[:120])
    runner.remove_cells(0, 40, None)
    assert runner.can_resume(0, 40)
    resumed = compute(runner, 0, TOKENS[40:120], start=40)
    assert difference_sd(resumed, compute(runner, 1, TOKENS[:120])) < MOST_ROUNDING_SD


def test_restoring_without_room_leaves_the_sequence_empty(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:150])
    state = runner.save_state(0)
    for sequence_id in range(1, 7):
        compute(runner, sequence_id, OTHER_TOKENS[:140])
    assert not runner.restore_state(7, state)
    assert runner.end_position(7) == 0


def test_saving_with_a_move_pending_is_refused(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:20])
    runner.shift_cells(0, 3)
    with pytest.raises(AssertionError, match="rotation"):
        runner.save_state(0)


def test_abort_during_a_move_does_not_damage_it(runner: LlamaCppRunner) -> None:
    compute(runner, 0, TOKENS[:60])
    runner.shift_cells(0, 37)
    is_over = threading.Event()

    def abort_all_the_time() -> None:
        while not is_over.is_set():
            runner.request_abort()
            time.sleep(0)

    thread = threading.Thread(target=abort_all_the_time)
    thread.start()
    logits = runner.forward([BatchToken(TOKENS[60], 97, 0, False)])
    is_over.set()
    thread.join()
    assert logits is not None, "the call that moves is not aborted"
    moved = compute(runner, 0, TOKENS[61:80], start=98)
    assert difference_sd(moved, compute(runner, 1, TOKENS[:80], start=37)) < MOST_ROUNDING_SD


@pytest.mark.parametrize(
    ("architecture", "scaling", "is_allowed", "reason"),
    [
        ("llama", RopeScaling(gguf.RopeScalingType.LINEAR, 4.0), True, "linear"),
        ("qwen2", RopeScaling(gguf.RopeScalingType.YARN, 4.0, 512), False, "YaRN"),
        (
            "deepseek2",
            RopeScaling(gguf.RopeScalingType.YARN, 40.0, 4_096, yarn_log_multiplier=0.0707),
            True,
            "yarn",
        ),
    ],
)
def test_scaling_decides_whether_cells_may_move(
    architecture: str, scaling: RopeScaling, is_allowed: bool, reason: str, tmp_path: Path
) -> None:
    runner = load(write(tmp_path, architecture, scaling))
    try:
        assert runner.shift_support.is_allowed is is_allowed
        assert reason in runner.shift_support.reason
        if is_allowed:
            compute(runner, 0, TOKENS[:60])
            runner.shift_cells(0, 37)
            moved = compute(runner, 0, TOKENS[60:80], start=97)
            there = compute(runner, 1, TOKENS[:80], start=37)
            assert difference_sd(moved, there) < MOST_ROUNDING_SD
        else:
            compute(runner, 0, TOKENS[:20])
            with pytest.raises(AssertionError, match="YaRN"):
                runner.shift_cells(0, 1)
    finally:
        runner.close()
