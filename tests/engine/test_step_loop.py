"""Steps of one model as its thread runs them: too few cells, and cells that are looked after."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.preparation import RequestPreparer
from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.fake import FakeRunner, hashed_logits
from lsp_server.engine.step_loop import StepLoop
from lsp_server.errors import NoCellsError
from tests.support.engine import SMALL_LIMITS, FakeClock, Heard, make_request

LOGGER = "lsp_server.engine.step_loop"


class FaultyRunner(FakeRunner):
    """Refuses calls for lack of room, or loses a cell in each."""

    def __init__(self) -> None:
        super().__init__(hashed_logits, SMALL_LIMITS)
        self.num_refusals = 0
        self.loses_cells = False

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        if self.num_refusals:
            self.num_refusals -= 1
            raise NoCellsError("no room")
        logits = super().forward(batch)
        if self.loses_cells:
            self.remove_cells(batch[0].sequence_id, 0, 1)
        return logits


class Loop:
    """A step loop that is asked and runs until it has nothing left to do."""

    def __init__(self, keep: KeepPolicy | None = None) -> None:
        self.runner = FaultyRunner()
        self.clock = FakeClock()
        self.loop = StepLoop("fake", self.runner, keep or KeepPolicy(), self.clock)
        self._preparer = RequestPreparer("fake", self.runner.vocabulary, SMALL_LIMITS)
        self._num_asked = 0

    def answer(self, document_key: str) -> Heard:
        heard = Heard(self._num_asked)
        self._num_asked += 1
        request = make_request(f"{document_key}: def f(x):", document_key=document_key)
        self.loop.submit(
            self._preparer.prepare(
                request, arrival=heard.arrival, taken_s=0.0, emit=heard.events.append
            )
        )
        for _ in range(100):
            if self.loop.is_idle:
                return heard
            self.loop.step(lambda _specs: None)
        raise AssertionError("still busy after 100 steps")


@pytest.mark.parametrize(("pause_s", "stays"), [(0.5, True), (3.0, False)])
def test_a_document_makes_way_for_another_one_after_a_longer_pause(
    pause_s: float, stays: bool
) -> None:
    loop = Loop(KeepPolicy(max_saved_bytes=100_000))
    loop.answer("a" * 40)
    num_cells = loop.loop.status.cells_used
    loop.clock.now_s += pause_s
    loop.answer("b" * 40)
    assert (loop.loop.status.cells_used > num_cells) == stays
    assert (loop.loop.status.bytes_saved == 0) == stays
    assert loop.answer("a" * 40).end.cost.tokens_computed == 1


def test_step_without_room_runs_again_without_parked_documents(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = Loop()
    first = loop.answer("a")
    loop.runner.num_refusals = 1
    assert loop.answer("b").end.error is None
    assert "had fewer cells than it counted: no room" in caplog.text
    again = loop.answer("a")
    assert again.end.cost.tokens_reused == 1, "it gave way; all prompts begin with the same token"
    assert again.text() == first.text()


def test_step_without_room_fails_when_nothing_is_parked() -> None:
    loop = Loop()
    loop.runner.num_refusals = 1
    end = loop.answer("a").end
    assert end.error is not None
    assert end.error.message == "no room"
    assert loop.answer("a").end.error is None


def test_lost_cell_is_found_when_idle_in_debug_mode(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)
    loop = Loop()
    loop.answer("a")
    loop.runner.loses_cells = True
    with pytest.raises(AssertionError, match="has positions 0 to"):
        loop.answer("b")


def test_nothing_is_checked_outside_of_debug_mode(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    loop = Loop()
    loop.runner.loses_cells = True
    assert loop.answer("a").end.error is None
