from __future__ import annotations

import pytest

from lsp_server.engine.admission import Demand
from lsp_server.engine.kv_cache import KvCache
from lsp_server.engine.kv_sequence import KvSequence
from lsp_server.engine.runners.base import BatchToken, RunnerLimits
from lsp_server.engine.runners.fake import FakeRunner, hashed_logits
from lsp_server.engine.splice import common_prefix_length
from lsp_server.errors import NoCellsError, PromptTooLongError

LIMITS = RunnerLimits(context_tokens=100, num_cells=100, max_sequences=4, max_batch_tokens=64)


def demand(
    prompt: str,
    document_key: str = "a.py",
    num_answers: int = 1,
    answer_cells: int = 0,
    wants_logits: bool = True,
) -> Demand:
    return Demand(
        prompt=tuple(prompt.encode()),
        document_key=document_key,
        num_answers=num_answers,
        answer_cells=answer_cells,
        wants_logits=wants_logits,
    )


class CacheHarness:
    """A cache over the fake runner; computes whole prompts."""

    def __init__(self, limits: RunnerLimits = LIMITS) -> None:
        self.runner = FakeRunner(hashed_logits, limits)
        self.cache = KvCache(self.runner)

    def admit(self, wanted: Demand) -> list[KvSequence]:
        admission = self.cache.try_admit(wanted)
        assert admission is not None, "there is room"
        self.cache.check_integrity()
        return list(admission.sequences)

    def compute(self, sequence: KvSequence, tokens: list[int]) -> None:
        start = len(sequence.tokens)
        for offset in range(0, len(tokens), 64):
            chunk = tokens[offset : offset + 64]
            self.runner.forward(
                [
                    BatchToken(token, start + offset + i, sequence.sequence_id, False)
                    for i, token in enumerate(chunk)
                ]
            )
            self.cache.extend(sequence, chunk)
        self.cache.check_integrity()

    def run(self, wanted: Demand) -> KvSequence:
        """Admit a prompt and compute it; return the sequence, still running."""
        sequence = self.admit(wanted)[0]
        self.compute(sequence, list(wanted.prompt[len(sequence.tokens) :]))
        return sequence

    def park(self, prompt: str, document_key: str) -> KvSequence:
        sequence = self.run(demand(prompt, document_key))
        self.cache.park(sequence)
        self.cache.check_integrity()
        return sequence


def test_document_continues_its_own_sequence() -> None:
    harness = CacheHarness()
    parked = harness.park("def f(x):", "a.py")
    sequence = harness.admit(demand("def f(y):"))[0]
    assert sequence is parked
    assert bytes(sequence.tokens) == b"def f("


def test_last_prompt_token_is_computed_again() -> None:
    harness = CacheHarness()
    harness.park("def f(x):", "a.py")
    assert bytes(harness.admit(demand("def f(x):"))[0].tokens) == b"def f(x)"


def test_whole_prompt_is_reused_when_no_answer_is_wanted() -> None:
    harness = CacheHarness()
    harness.park("def f(x):", "a.py")
    sequence = harness.admit(demand("def f(x):", wants_logits=False))[0]
    assert bytes(sequence.tokens) == b"def f(x):"


def test_other_documents_beginning_is_shared_and_stays() -> None:
    harness = CacheHarness()
    parked = harness.park("import os\nx", "a.py")
    sequence = harness.admit(demand("import os\ny", "b.py"))[0]
    assert bytes(sequence.tokens) == b"import os\n"
    assert bytes(parked.tokens) == b"import os\nx"
    assert harness.cache.num_cells_used == len("import os\nx")


def test_running_sequence_lends_its_beginning() -> None:
    harness = CacheHarness()
    running = harness.run(demand("import os\nx", "a.py"))
    sequence = harness.admit(demand("import os\ny", "a.py"))[0]
    assert sequence is not running
    assert bytes(sequence.tokens) == b"import os\n"
    assert harness.cache.num_cells_used == len("import os\nx")


def test_parking_replaces_the_documents_older_sequence() -> None:
    harness = CacheHarness()
    first = harness.run(demand("first", "a.py"))
    second = harness.run(demand("second", "a.py"))
    harness.cache.park(first)
    harness.cache.park(second)
    harness.cache.check_integrity()
    assert harness.cache.num_cells_used == len("second")


def test_parking_keeps_the_older_sequence_when_it_is_longer() -> None:
    harness = CacheHarness()
    short = harness.run(demand("def", "a.py"))
    harness.park("def f(x):", "a.py")
    harness.cache.park(short)
    harness.cache.check_integrity()
    assert harness.cache.num_cells_used == len("def f(x):")


def test_least_recently_used_document_is_evicted_first() -> None:
    harness = CacheHarness()
    for key in ("a.py", "b.py", "c.py"):
        harness.park(key * 7, key)
    harness.park("a.py" * 7, "a.py")
    harness.admit(demand("x" * 40, "d.py"))
    assert harness.cache.parked_documents == ("c.py", "a.py")


def test_documents_are_evicted_for_sequence_ids_too() -> None:
    harness = CacheHarness()
    for key in ("a", "b", "c", "d"):
        harness.park(key * 3, key)
    harness.admit(demand("e", "e", num_answers=2))
    assert harness.cache.parked_documents == ("c", "d")


def test_last_parked_document_is_taken_over_when_no_id_is_left() -> None:
    harness = CacheHarness()
    harness.admit(demand("x", "x", num_answers=3))
    harness.park("import os\n", "a.py")
    sequence = harness.admit(demand("import os\ny", "b.py"))[0]
    assert bytes(sequence.tokens) == b"import os\n"
    assert harness.cache.parked_documents == ()


def test_reserved_cells_are_not_given_to_others() -> None:
    harness = CacheHarness()
    harness.admit(demand("x" * 10, "a.py", answer_cells=60))
    assert harness.cache.try_admit(demand("y" * 31, "b.py")) is None
    assert harness.cache.try_admit(demand("y" * 30, "b.py")) is not None


def test_nothing_is_evicted_for_a_request_that_has_to_wait() -> None:
    harness = CacheHarness()
    harness.park("a" * 20, "a.py")
    harness.admit(demand("x" * 50, "x.py"))
    assert harness.cache.try_admit(demand("y" * 60, "b.py")) is None
    assert harness.cache.parked_documents == ("a.py",)


def test_reused_beginning_does_not_count_twice_for_admission() -> None:
    harness = CacheHarness()
    harness.park("a" * 80, "a.py")
    sequence = harness.admit(demand("a" * 90, "b.py"))[0]
    assert len(sequence.tokens) == 80


def test_shared_prompt_takes_its_cells_once() -> None:
    harness = CacheHarness()
    first, second = harness.admit(demand("def f", num_answers=2, answer_cells=3))
    harness.compute(first, list(b"def f"))
    harness.cache.share(first, second)
    harness.cache.check_integrity()
    assert second.tokens == first.tokens
    assert harness.cache.num_cells_used == len("def f")


def test_released_sequence_leaves_shared_cells_to_the_others() -> None:
    harness = CacheHarness()
    first, second = harness.admit(demand("def f", num_answers=2, answer_cells=3))
    harness.compute(first, list(b"def f"))
    harness.cache.share(first, second)
    harness.cache.release(first)
    harness.cache.check_integrity()
    assert harness.cache.num_cells_used == len("def f")
    harness.cache.release(second)
    assert harness.cache.num_cells_used == 0


def test_aborted_tokens_are_counted_as_the_runner_has_them() -> None:
    harness = CacheHarness()
    sequence = harness.admit(demand("def f(x):"))[0]
    harness.runner.forward([BatchToken(ord("d"), 0, sequence.sequence_id, False)])
    harness.cache.note_aborted(sequence, list(b"def"))
    harness.cache.check_integrity()
    assert bytes(sequence.tokens) == b"d"


def test_cells_that_the_runner_has_forgotten_are_not_reused() -> None:
    harness = CacheHarness()
    parked = harness.park("def f(x):", "a.py")
    harness.runner.remove_cells(parked.sequence_id, 0, 2)
    admission = harness.cache.try_admit(demand("def f(x):"))
    assert admission is not None
    assert admission.sequences[0].tokens == []


def test_prompt_beyond_the_context_is_refused_with_numbers() -> None:
    with pytest.raises(PromptTooLongError, match=r"100 tokens.* takes 99"):
        CacheHarness().cache.check_possible(demand("x" * 100))


def test_answers_beyond_all_cells_are_refused_with_numbers() -> None:
    with pytest.raises(NoCellsError, match=r"needs 110 KV cells .*there are 100"):
        CacheHarness().cache.check_possible(demand("x" * 50, num_answers=2, answer_cells=30))


def test_more_alternatives_than_sequences_are_refused() -> None:
    with pytest.raises(NoCellsError, match=r"5 alternatives.* 4 at a time"):
        CacheHarness().cache.check_possible(demand("x", num_answers=5))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 255, 256, 257, 600])
@pytest.mark.parametrize("extra", [0, 1, 40, 300])
def test_common_prefix_length_at_every_stride(length: int, extra: int) -> None:
    common = list(range(length))
    assert common_prefix_length([*common, *([-1] * extra)], (*common, *([-2] * 7))) == length
    assert common_prefix_length(common, tuple(common)) == length
