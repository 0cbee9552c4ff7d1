"""The scheduler and the cache on a runner with a single sequence, which cannot copy cells."""

from __future__ import annotations

import random

import pytest

from lsp_server.engine.api import EndReason, Priority
from lsp_server.engine.runners.base import RunnerLimits
from lsp_server.engine.runners.fake import FakeRunner, hashed_logits
from tests.support.engine import EngineHarness, Heard, make_request

LIMITS = RunnerLimits(context_tokens=200, num_cells=200, max_sequences=1, max_batch_tokens=64)


class OneSequenceRunner(FakeRunner):
    """As strict as ctransformers: nothing is copied, and only an end can be removed."""

    def __init__(self) -> None:
        super().__init__(hashed_logits, LIMITS)

    def copy_cells(self, source: int, target: int, start: int, end: int) -> None:
        raise AssertionError("one sequence has no other to copy to")

    def remove_cells(self, sequence_id: int, start: int, end: int | None) -> None:
        assert end is None, "a hole in a sequence cannot be made"
        super().remove_cells(sequence_id, start, end)


@pytest.mark.parametrize("seed", range(8))
def test_requests_of_several_documents_are_answered_as_if_each_were_alone(seed: int) -> None:
    chance = random.Random(seed)
    harness = EngineHarness(OneSequenceRunner())
    asked: list[tuple[str, Heard]] = []
    texts = {key: "def f(x):" * chance.randrange(1, 8) for key in "abc"}
    for _ in range(30):
        key = chance.choice("abc")
        text = texts[key] = texts[key][: chance.randrange(5, 80)] + chance.choice(["x", "return "])
        priority = chance.choice(list(Priority))
        heard = harness.submit(make_request(text, document_key=key, priority=priority))
        asked.append((text, heard))
        for _ in range(chance.randrange(6)):
            harness.step()
        if chance.random() < 0.2:
            harness.cancel(heard)
    harness.run()
    for text, heard in asked:
        if EndReason.CANCELLED not in heard.reasons:
            assert (
                heard.text() == EngineHarness(OneSequenceRunner()).answer(make_request(text)).text()
            )


def test_a_second_document_takes_the_place_of_the_first() -> None:
    harness = EngineHarness(OneSequenceRunner())
    for key in "aba":
        harness.answer(make_request("def f(x):", document_key=key))
        assert harness.cache.parked_documents == (key,)
