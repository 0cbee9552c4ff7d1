"""The fake runner is as strict as llama.cpp: other tests rely on its complaints."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lsp_server.engine.api import MarkerRole
from lsp_server.engine.runners.base import BatchToken, Logits, RunnerLimits
from lsp_server.engine.runners.fake import (
    BOS_TOKEN,
    END_TOKEN,
    FakeRunner,
    FakeVocabulary,
    hashed_logits,
    scripted_logits,
)
from lsp_server.errors import EngineError, NoCellsError

LIMITS = RunnerLimits(context_tokens=16, num_cells=16, max_sequences=4, max_batch_tokens=8)


def batch(text: str, sequence_id: int = 0, start: int = 0) -> list[BatchToken]:
    return [
        BatchToken(token, start + i, sequence_id, i == len(text) - 1)
        for i, token in enumerate(text.encode())
    ]


def forward(runner: FakeRunner, tokens: list[BatchToken]) -> Logits:
    logits = runner.forward(tokens)
    assert logits is not None
    return logits


def test_positions_must_follow_each_other() -> None:
    runner = FakeRunner(hashed_logits, LIMITS)
    runner.forward(batch("abc"))
    with pytest.raises(EngineError, match=r"position 4 .* end 3"):
        runner.forward(batch("x", start=4))


def test_running_out_of_cells_changes_nothing() -> None:
    runner = FakeRunner(hashed_logits, LIMITS)
    runner.forward(batch("a" * 8))
    runner.forward(batch("b" * 4, 1))
    with pytest.raises(NoCellsError, match="8 tokens need cells and 4 are free"):
        runner.forward(batch("c" * 8, 2))
    assert runner.end_position(2) == 0
    assert len(runner.cells) == 12


@pytest.mark.parametrize("tokens", [[], batch("a" * 9), batch("a", sequence_id=4)])
def test_batches_that_end_the_real_process_fail(tokens: list[BatchToken]) -> None:
    with pytest.raises(AssertionError):
        FakeRunner(hashed_logits, LIMITS).forward(tokens)


def test_answer_depends_on_the_cells_of_the_sequence_alone() -> None:
    runner = FakeRunner(hashed_logits, LIMITS)
    together = forward(runner, batch("abc", 0) + batch("xyz", 1))
    alone = forward(FakeRunner(hashed_logits, LIMITS), batch("xyz", 3))
    assert (together[1] == alone[0]).all()
    assert not (together[0] == together[1]).all()


def test_wrongly_kept_cell_changes_the_answer() -> None:
    runner = FakeRunner(hashed_logits, LIMITS)
    runner.forward(batch("aXc"))
    runner.remove_cells(0, 2, None)
    wrong = forward(runner, batch("c", start=2))
    right = forward(FakeRunner(hashed_logits, LIMITS), batch("abc"))
    assert not (wrong == right).all()


def test_shared_cell_lives_until_its_last_owner_goes() -> None:
    runner = FakeRunner(hashed_logits, LIMITS)
    runner.forward(batch("abc"))
    runner.copy_cells(0, 1, 0, 2)
    runner.remove_cells(0, 0, None)
    assert runner.end_position(1) == 2
    assert len(runner.cells) == 2
    runner.remove_cells(1, 0, None)
    assert not runner.cells


def test_script_goes_on_where_the_text_is() -> None:
    next_logits = scripted_logits("return")
    middle = FakeVocabulary().marker_token(MarkerRole.FIM_MIDDLE)
    assert middle is not None
    assert np.argmax(next_logits([BOS_TOKEN, *b"ret", middle])) == ord("r")
    assert np.argmax(next_logits([BOS_TOKEN, middle, *b"ret"])) == ord("u")
    assert np.argmax(next_logits([BOS_TOKEN, middle, *b"return"])) == END_TOKEN


def test_abort_cuts_a_slow_forward_short() -> None:
    runner = FakeRunner(hashed_logits, LIMITS, delay_s=60.0)
    results: list[Logits | None] = []
    thread = threading.Thread(target=lambda: results.append(runner.forward(batch("a"))))
    thread.start()
    while thread.is_alive():
        runner.request_abort()
        thread.join(0.001)
    assert results == [None]
    assert runner.end_position(0) == 0
