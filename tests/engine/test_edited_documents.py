"""Documents that are edited anywhere, asked about all the time, cancelled, evicted and refreshed.

After every step the harness compares each cell with the cache's belief: its token, position,
owners, and for whatever is called exact what a full recompute would have put there.
"""

from __future__ import annotations

import dataclasses
import os
import random

import msgspec
import pytest

from lsp_server.engine.api import GenerateRequest, Limits, Priority
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.runners.base import RunnerLimits
from tests.support.engine import SchedulerHarness, fim_segments, make_request

LIMITS = RunnerLimits(context_tokens=256, num_cells=420, max_sequences=10, max_batch_tokens=64)
SAVING = KeepPolicy(max_age=4, max_saved_bytes=20_000)
EXACT = KeepPolicy(max_age=0, max_saved_bytes=20_000)

#: Tests with many random sessions take the first seed from here.
FIRST_SEED = int(os.environ.get("BANTAM_TEST_SEED", "0"))


def numbered_lines(first: int, num_lines: int) -> str:
    return "".join(
        f"v{number:02d}={number * 7 % 100}\n" for number in range(first, first + num_lines)
    )


class EditedDocument:
    """A document with a cursor; text before it is the prefix, text after it the suffix."""

    def __init__(self, key: str, chance: random.Random) -> None:
        self.key = key
        self._chance = chance
        self.text = numbered_lines(chance.randrange(50), 14)
        self.cursor = len(self.text) // 2
        self.anchor = self.cursor

    def edit(self) -> None:
        """Type, delete, jump, or change something elsewhere."""
        match self._chance.choice(["type", "type", "type", "delete", "jump", "elsewhere"]):
            case "type":
                self._replace(self.cursor, self.cursor, self._chance.choice(["x", "y = ", "\n"]))
            case "delete":
                self._replace(max(self.cursor - 2, 0), self.cursor, "")
            case "jump":
                self.cursor = self._chance.randrange(len(self.text) + 1)
            case "elsewhere":
                start = self._chance.randrange(len(self.text) + 1)
                self._replace(start, start + self._chance.choice([0, 0, 3, 9]), "zz")
        if not self.anchor <= self.cursor <= self.anchor + 12 or self._chance.random() < 0.1:
            self.anchor = self.cursor

    def request(self, **fields: object) -> GenerateRequest:
        segments = fim_segments(
            self.text[: self.anchor], self.text[self.cursor :], self.text[self.anchor : self.cursor]
        )
        return make_request(segments, max_tokens=6, document_key=self.key, **fields)

    def _replace(self, start: int, end: int, new: str) -> None:
        end = min(end, len(self.text))
        if len(self.text) - (end - start) + len(new) > 170:
            new, end = "", min(start + 20, len(self.text))
        self.text = self.text[:start] + new + self.text[end:]
        if self.cursor >= end:
            self.cursor += len(new) - (end - start)
        elif self.cursor > start:
            self.cursor = start
        self.anchor = min(self.anchor, self.cursor) if self.anchor > start else self.anchor


def fresh_answer(request: GenerateRequest) -> str:
    return SchedulerHarness(limits=LIMITS).answer(request).text()


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 40))
def test_answers_are_right_whatever_is_kept_moved_saved_or_refreshed(seed: int) -> None:
    chance = random.Random(seed)
    has_room = seed % 2 == 0
    limits = dataclasses.replace(LIMITS, num_cells=1_000 if has_room else 420)
    harness = SchedulerHarness(limits=limits, keep=SAVING)
    documents = [EditedDocument(key, chance) for key in ("a.py", "b.py", "c.py")]
    for _ in range(40):
        document = chance.choice(documents)
        document.edit()
        heard = harness.submit(document.request(supersedes=True))
        if chance.random() < 0.3:
            for _ in range(chance.randrange(4)):
                harness.step()
            harness.cancel(heard)
        else:
            harness.run()
            assert heard.text() == fresh_answer(document.request())
        if chance.random() < 0.3:
            harness.refresh(max_chunks=chance.randrange(4), abort=chance.random() < 0.2)
        if not harness.refresher.has_work:
            harness.tidy()
    harness.run()
    harness.refresh()
    parked = [harness.cache.parked(key) for key in harness.cache.parked_documents]
    stale = [each for each in parked if each is not None and each.is_stale and not each.islands]
    assert not (has_room and stale)
    harness.cache.evict_all()
    harness.check()
    assert harness.cache.num_cells_used == 0


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 10))
def test_thousand_edits_in_exact_mode_leave_nothing_stale(seed: int) -> None:
    """Every cell then holds what a full recompute would hold; the harness compares them."""
    chance = random.Random(seed)
    harness = SchedulerHarness(limits=LIMITS, keep=EXACT)
    documents = [EditedDocument(key, chance) for key in ("a.py", "b.py", "c.py")]
    for _ in range(1_000):
        document = chance.choice(documents)
        document.edit()
        heard = harness.submit(document.request(supersedes=True, limits=Limits(max_tokens=1)))
        harness.run(checks_steps=False)
        assert heard.end.cost.tokens_shifted == 0
        assert not any(sequence.is_stale for sequence in harness.cache.sequences)


def long_request(prefix: str, suffix: str, tail: str = "", **fields: object) -> GenerateRequest:
    fields.setdefault("document_key", "a.py")
    return make_request(fim_segments(prefix, suffix, tail), max_tokens=4, **fields)


PREFIX = numbered_lines(0, 10)
SUFFIX = numbered_lines(50, 8)


def test_edit_above_computes_the_change_and_moves_the_rest() -> None:
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX))
    edited = PREFIX[:20] + "import os\n" + PREFIX[20:]
    heard = harness.answer(long_request(edited, SUFFIX))
    cost = heard.end.cost
    # The change, and the last marker, whose logits are wanted.
    assert cost.tokens_computed == len("import os\n") + 1
    assert cost.tokens_shifted > len(SUFFIX)
    assert heard.text() == fresh_answer(long_request(edited, SUFFIX))


def test_edits_in_two_places_leave_three_runs() -> None:
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX))
    edited = long_request(PREFIX[:16] + "x" + PREFIX[16:], SUFFIX[:30] + SUFFIX[35:])
    heard = harness.answer(edited)
    assert heard.end.cost.tokens_computed <= 3
    assert heard.text() == fresh_answer(edited)


def test_no_cell_moves_where_the_runner_forbids_it() -> None:
    harness = SchedulerHarness(limits=LIMITS, can_shift=False)
    harness.answer(long_request(PREFIX, SUFFIX))
    heard = harness.answer(long_request("import os\n" + PREFIX, SUFFIX))
    assert heard.end.cost.tokens_shifted == 0
    assert heard.end.cost.tokens_computed > len(SUFFIX)


@pytest.mark.parametrize("priority", [Priority.ACTION, Priority.WARM, Priority.EVALUATION])
def test_who_does_not_type_gets_exact_cells(priority: Priority) -> None:
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX))
    heard = harness.answer(long_request("import os\n" + PREFIX, SUFFIX, priority=priority))
    assert heard.end.cost.tokens_shifted == 0
    assert not any(sequence.is_stale for sequence in harness.cache.sequences)


def test_splice_that_is_cancelled_is_not_lost() -> None:
    """The next key supersedes a request whose gap is not computed yet."""
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX))
    new_lines = numbered_lines(30, 6)
    first = harness.submit(long_request(PREFIX + new_lines, SUFFIX, supersedes=True))
    harness.step()
    second = harness.submit(long_request(PREFIX + new_lines, SUFFIX, "x", supersedes=True))
    assert first.end.cost.tokens_computed > 0
    harness.run()
    assert second.end.cost.tokens_computed < len(new_lines)
    assert second.text() == fresh_answer(long_request(PREFIX + new_lines, SUFFIX, "x"))


def test_unchanged_text_is_computed_again_after_so_many_edits() -> None:
    harness = SchedulerHarness(limits=LIMITS, keep=KeepPolicy(max_age=2))
    harness.answer(long_request(PREFIX, SUFFIX))
    shifted = []
    prefix = PREFIX
    for _ in range(3):
        prefix = "#" + prefix
        shifted.append(harness.answer(long_request(prefix, SUFFIX)).end.cost.tokens_shifted)
    assert min(shifted[:2]) > len(SUFFIX)
    assert shifted[2] == 0


def test_idle_time_makes_a_spliced_document_exact() -> None:
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX))
    harness.answer(long_request("import os\n" + PREFIX, SUFFIX))
    spliced = harness.cache.parked("a.py")
    assert spliced is not None
    assert spliced.is_stale
    num_stale = len(spliced.tokens) - spliced.num_exact
    assert harness.refresh() == num_stale
    refreshed = harness.cache.parked("a.py")
    assert refreshed is not None
    assert refreshed.num_exact == len(spliced.tokens)
    assert harness.refresh() == 0
    heard = harness.answer(long_request("import os\n" + PREFIX, SUFFIX, "x"))
    assert heard.end.cost.tokens_computed == 1


def test_typing_goes_on_while_a_document_is_refreshed() -> None:
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX))
    harness.answer(long_request("import os\n" + PREFIX, SUFFIX))
    num_refreshed = harness.refresh(max_chunks=2)
    for tail in ("x", "xy", "xyz"):
        heard = harness.answer(long_request("import os\n" + PREFIX, SUFFIX, tail))
        assert heard.end.cost.tokens_computed == 1
    num_refreshed += harness.refresh()
    parked = harness.cache.parked("a.py")
    assert parked is not None
    assert not parked.is_stale
    assert num_refreshed < len(parked.tokens) + 40, "what was refreshed before is not lost"


def test_place_that_is_prepared_in_a_pause_costs_the_first_key_one_token() -> None:
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX))
    question = long_request("import os\n" + PREFIX, SUFFIX, "x")
    preparation = msgspec.structs.replace(
        question, limits=Limits(max_tokens=0), priority=Priority.WARM
    )
    prepared = harness.answer(preparation)
    assert prepared.end.cost.tokens_shifted > 100, "unchanged text is not computed"
    harness.refresh()
    heard = harness.answer(question)
    assert heard.end.cost.tokens_computed == 1
    parked = harness.cache.parked("a.py")
    assert parked is not None
    assert not parked.is_stale
    assert heard.text() == fresh_answer(question)


@pytest.mark.parametrize("num_free_cells", [0, 16, 1_000])
def test_refresh_needs_no_room(num_free_cells: int) -> None:
    measured = SchedulerHarness(limits=LIMITS)
    measured.answer(long_request("import os\n" + PREFIX, SUFFIX))
    num_cells = measured.cache.num_cells_used + num_free_cells
    harness = SchedulerHarness(limits=dataclasses.replace(LIMITS, num_cells=num_cells))
    harness.answer(long_request(PREFIX, SUFFIX))
    harness.answer(long_request("import os\n" + PREFIX, SUFFIX))
    assert harness.refresh() > 100
    parked = harness.cache.parked("a.py")
    assert parked is not None
    assert not parked.is_stale
    assert not parked.islands


@pytest.mark.parametrize(("num_free_cells", "num_computed"), [(0, 17), (1_000, 1)])
def test_request_loses_no_more_than_the_chunk_that_was_begun(
    num_free_cells: int, num_computed: int
) -> None:
    question = long_request("import os\n" + PREFIX, SUFFIX, "x")
    measured = SchedulerHarness(limits=LIMITS)
    measured.answer(question)
    num_cells = measured.cache.num_cells_used + num_free_cells
    harness = SchedulerHarness(limits=dataclasses.replace(LIMITS, num_cells=num_cells))
    harness.answer(long_request(PREFIX, SUFFIX))
    harness.answer(long_request("import os\n" + PREFIX, SUFFIX))
    harness.refresh(max_chunks=2)
    harness.refresh(max_chunks=1, abort=True)
    heard = harness.answer(question)
    assert heard.end.cost.tokens_computed == num_computed
    assert heard.text() == fresh_answer(question)


def test_document_may_give_way_in_the_middle_of_its_refresh() -> None:
    limits = dataclasses.replace(LIMITS, num_cells=370)
    harness = SchedulerHarness(limits=limits)
    harness.answer(long_request(PREFIX, SUFFIX))
    harness.answer(long_request("import os\n" + PREFIX, SUFFIX))
    harness.refresh(max_chunks=2)
    other = make_request(numbered_lines(0, 35), max_tokens=4, document_key="b.py")
    assert harness.answer(other).end.error is None
    heard = harness.answer(long_request("import os\n" + PREFIX, SUFFIX, "x"))
    assert heard.text() == fresh_answer(long_request("import os\n" + PREFIX, SUFFIX, "x"))


def test_document_comes_back_from_memory_for_a_few_tokens() -> None:
    limits = dataclasses.replace(LIMITS, num_cells=256)
    harness = SchedulerHarness(limits=limits, keep=SAVING)
    harness.answer(long_request(PREFIX, SUFFIX))
    harness.answer(long_request(SUFFIX, PREFIX, document_key="b.py"))
    assert harness.cache.parked_documents == ("b.py",)
    assert harness.cache.saved_documents == ("a.py",)
    heard = harness.answer(long_request(PREFIX, SUFFIX, "x"))
    assert heard.end.cost.tokens_computed == 1
    assert harness.cache.saved_documents == ("b.py",)
    assert heard.text() == fresh_answer(long_request(PREFIX, SUFFIX, "x"))


def test_memory_of_saved_documents_is_bounded() -> None:
    limits = dataclasses.replace(LIMITS, num_cells=256)
    keep = KeepPolicy(max_saved_bytes=4_000)
    harness = SchedulerHarness(limits=limits, keep=keep)
    for number in range(6):
        harness.answer(long_request(PREFIX, SUFFIX, document_key=f"{number}.py"))
        harness.answer(long_request(SUFFIX, PREFIX, document_key=f"other {number}.py"))
        assert harness.cache.num_saved_bytes <= 4_000
    assert len(harness.cache.saved_documents) == 2


def test_who_jumps_in_a_file_and_returns_finds_the_old_surroundings() -> None:
    """The window around the other place is shorter, so a part of the suffix is left for a time."""
    harness = SchedulerHarness(limits=LIMITS)
    far_suffix = numbered_lines(70, 8)
    harness.answer(long_request(PREFIX, SUFFIX[:60] + far_suffix))
    harness.answer(long_request(PREFIX[:14], "y" + PREFIX[14:] + SUFFIX[:60]))
    back = long_request(PREFIX[:14] + "y" + PREFIX[14:], SUFFIX[:60] + far_suffix)
    heard = harness.answer(back)
    assert heard.end.cost.tokens_computed < 10
    assert heard.text() == fresh_answer(back)


def test_what_is_left_gives_way_before_any_document() -> None:
    limits = dataclasses.replace(LIMITS, num_cells=370)
    harness = SchedulerHarness(limits=limits, keep=SAVING)
    harness.answer(long_request(PREFIX, SUFFIX[:60] + numbered_lines(70, 8)))
    harness.answer(long_request(PREFIX[:14], "y" + PREFIX[14:] + SUFFIX[:60]))
    spliced = harness.cache.parked("a.py")
    assert spliced is not None
    assert spliced.leftovers
    harness.answer(make_request(numbered_lines(0, 28), max_tokens=4, document_key="b.py"))
    assert harness.cache.parked_documents == ("a.py", "b.py")
    assert not spliced.leftovers


def test_refresh_leaves_what_is_left_over() -> None:
    harness = SchedulerHarness(limits=LIMITS)
    harness.answer(long_request(PREFIX, SUFFIX[:60] + numbered_lines(70, 8)))
    harness.answer(long_request(PREFIX[:14], "y" + PREFIX[14:] + SUFFIX[:60]))
    assert harness.refresh() > 0
    refreshed = harness.cache.parked("a.py")
    assert refreshed is not None
    assert refreshed.leftovers
