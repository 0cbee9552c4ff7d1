"""Who is not asked for leaves the cache in a long pause, and who stays moves together."""

from __future__ import annotations

import pytest

from lsp_server.engine.api import GenerateRequest
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.runners.base import SequenceState
from lsp_server.errors import EngineError
from tests.support.engine import (
    SchedulerHarness,
    fim_segments,
    make_request,
)

SAVING = KeepPolicy(max_age=4, max_saved_bytes=100_000)
LONG = "".join(f"value_{number} = {number}\n" for number in range(6))


def request_for(document: str, typed: str = "", before: str = LONG) -> GenerateRequest:
    text = f"# {document}\n{before}"
    return make_request(
        fim_segments(text, "\nend()\n", typed),
        max_tokens=2,
        document_key=document,
        want_logprobs=True,
    )


def typing_elsewhere(num_keys: int, keep: KeepPolicy = SAVING) -> SchedulerHarness:
    """A harness in which a document was asked for once and another one then so many times."""
    harness = SchedulerHarness(keep=keep)
    harness.answer(request_for("first.py"))
    for number in range(num_keys):
        harness.answer(request_for("second.py", "x" * number))
    return harness


def test_only_the_document_that_was_asked_for_last_stays() -> None:
    harness = typing_elsewhere(1)
    harness.answer(request_for("third.py"))
    harness.answer(request_for("second.py", "y"))
    harness.tidy()
    assert harness.cache.parked_documents == ("second.py",)
    assert harness.cache.saved_documents == ("first.py", "third.py")


def test_the_document_that_stays_has_the_lowest_cells() -> None:
    harness = typing_elsewhere(3)
    harness.tidy()
    assert sorted(harness.runner.cells) == list(range(harness.cache.num_cells_used))
    assert harness.answer(request_for("second.py", "xxx")).end.cost.tokens_computed == 1


def test_it_comes_back_for_the_new_tokens() -> None:
    harness = typing_elsewhere(3)
    harness.tidy()
    heard = harness.answer(request_for("first.py", "z"))
    assert heard.end.cost.tokens_computed == 1
    assert heard.text() == SchedulerHarness().answer(request_for("first.py", "z")).text()


def test_it_comes_back_when_it_was_changed_at_its_beginning_too() -> None:
    harness = typing_elsewhere(3)
    harness.tidy()
    heard = harness.answer(request_for("first.py", before="import os\n" + LONG))
    assert heard.end.cost.tokens_shifted > 50


def test_one_document_alone_stays_where_it_is() -> None:
    harness = SchedulerHarness(keep=SAVING)
    harness.answer(request_for("first.py"))
    harness.answer(request_for("first.py", "x"))
    assert not harness.tidier.has_work


def test_another_document_after_the_pause_has_the_cells_for_itself() -> None:
    harness = typing_elsewhere(1)
    harness.tidy()
    harness.tidier.make_way("third.py")
    assert harness.cache.parked_documents == ()
    harness.answer(request_for("third.py"))
    assert sorted(harness.runner.cells) == list(range(harness.cache.num_cells_used))
    assert not harness.tidier.has_work
    assert harness.answer(request_for("second.py", "y")).end.cost.tokens_computed <= 2


def test_nobody_makes_way_for_a_document_that_is_there() -> None:
    harness = typing_elsewhere(1)
    harness.tidier.make_way("first.py")
    assert harness.cache.parked_documents == ("first.py", "second.py")


@pytest.mark.parametrize("max_saved_bytes", [0, 1_000])
def test_without_room_in_memory_it_stays(max_saved_bytes: int) -> None:
    harness = typing_elsewhere(3, KeepPolicy(max_age=4, max_saved_bytes=max_saved_bytes))
    harness.tidy()
    assert harness.cache.parked_documents == ("first.py", "second.py")
    assert not harness.tidier.has_work


def test_nobody_else_is_lost_for_it() -> None:
    one_document = typing_elsewhere(3)
    one_document.tidy()
    room = one_document.cache.num_saved_bytes
    harness = typing_elsewhere(3, KeepPolicy(max_age=4, max_saved_bytes=room + room // 2))
    harness.tidy()
    for number in range(4):
        harness.answer(request_for("third.py", "x" * number))
    harness.tidy()
    assert harness.cache.saved_documents == ("first.py",)
    assert harness.cache.parked_documents == ("second.py", "third.py")


def test_very_short_one_is_forgotten() -> None:
    harness = SchedulerHarness(keep=SAVING)
    harness.answer(prompt="short", document_key="short.py", max_tokens=1)
    for number in range(3):
        harness.answer(request_for("second.py", "x" * number))
    harness.tidy()
    assert harness.cache.parked_documents == ("second.py",)
    assert not harness.cache.saved_documents


def test_document_that_cannot_be_copied_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = typing_elsewhere(3)

    def fail(sequence_id: int) -> SequenceState:
        raise EngineError(f"sequence {sequence_id} was not written")

    monkeypatch.setattr(harness.runner, "save_state", fail)
    harness.tidy()
    assert harness.cache.parked_documents == ("first.py", "second.py")
