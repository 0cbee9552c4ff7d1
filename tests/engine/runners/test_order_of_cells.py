"""llama.cpp adds attention up in the order of cells: what comes later has to lie behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lsp_server.engine.api import GenerateRequest
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from scripts.agreement_bench.precision import f16_copy
from tests.support.engine import EngineHarness, fim_segments, make_request

pytestmark = pytest.mark.real_model

SOURCE = Path(__file__).parents[3] / "lsp_server" / "engine" / "kv_cache.py"
NUM_TOKENS = 1_300
#: The end of a document: some lines that a person has just typed.
NUM_LATE_TOKENS = 32
STEP_TOKENS = 64
DOCUMENT, OTHER = 0, 1
#: In logits.  Steps of another size make a difference of some hundredths.
MUCH, LITTLE = 0.08, 0.04


@pytest.fixture(scope="module")
def runner(
    embedded_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LlamaCppRunner]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("f16")))
        path = f16_copy(embedded_model)
    file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))
    runner = LlamaCppRunner(file, LlamaSettings(4_096, 1, 8))
    yield runner
    runner.close()


@pytest.fixture
def tokens(runner: LlamaCppRunner) -> list[int]:
    found = runner.vocabulary.tokenize(SOURCE.read_text(encoding="utf-8"))
    return list(found)[:NUM_TOKENS]


def compute(runner: LlamaCppRunner, sequence_id: int, tokens: list[int], start: int) -> Logits:
    """Compute tokens from a position on; return the logits of the last one."""
    logits: Logits | None = None
    for first in range(start, len(tokens), STEP_TOKENS):
        positions = range(first, min(first + STEP_TOKENS, len(tokens)))
        logits = runner.forward(
            [
                BatchToken(tokens[at], at, sequence_id, wants_logits=at == len(tokens) - 1)
                for at in positions
            ]
        )
    assert logits is not None
    return np.array(logits[0])


def difference(runner: LlamaCppRunner, tokens: list[int], *, retires: bool) -> float:
    """Return how far logits are from those in order, when older cells were given up before."""
    in_order = compute(runner, DOCUMENT, tokens, 0)
    runner.remove_cells(DOCUMENT, 0, None)
    compute(runner, OTHER, tokens[:1_024], 0)
    compute(runner, DOCUMENT, tokens[:-NUM_LATE_TOKENS], 0)
    if retires:
        runner.retire_cells(OTHER, 0, None)
    else:
        runner.remove_cells(OTHER, 0, None)
    late = compute(runner, DOCUMENT, tokens, len(tokens) - NUM_LATE_TOKENS)
    runner.remove_cells(DOCUMENT, 0, None)
    runner.reuse_places()
    return float(np.abs(late - in_order).max())


def test_places_of_retired_cells_stay_empty(runner: LlamaCppRunner, tokens: list[int]) -> None:
    assert difference(runner, tokens, retires=True) < LITTLE


def test_new_text_before_old_text_is_read_differently(
    runner: LlamaCppRunner, tokens: list[int]
) -> None:
    assert difference(runner, tokens, retires=False) > MUCH, "then cells need not be retired"


def test_retired_places_are_used_when_there_is_no_other(
    runner: LlamaCppRunner, tokens: list[int]
) -> None:
    in_order = compute(runner, DOCUMENT, tokens, 0)
    for _ in range(4):
        runner.retire_cells(DOCUMENT, 0, None)
        again = compute(runner, DOCUMENT, tokens, 0)
        assert np.argmax(again) == np.argmax(in_order)
    assert runner.num_retired_cells < 4_096
    runner.remove_cells(DOCUMENT, 0, None)
    runner.reuse_places()


def test_document_that_is_computed_again_is_read_as_one_that_is_new(
    runner: LlamaCppRunner,
) -> None:
    text = SOURCE.read_text(encoding="utf-8")
    harness = EngineHarness(runner, keep=KeepPolicy())
    # Somebody goes from place to place, and makes a pause at each.
    questions = [asked(text[:at], text[at:5_000]) for at in (2_600, 3_500, 2_900, 2_000, 3_100)]
    kept = []
    for question in questions:
        harness.answer(question)
        harness.refresh()
        kept.append(next_logits(harness, runner))
    harness.cache.evict_all()
    for question, logits in zip(questions, kept, strict=True):
        harness.answer(question)
        assert float(np.abs(logits - next_logits(harness, runner)).max()) < LITTLE
        harness.cache.evict_all()


def test_a_longer_pause_moves_the_document_to_the_empty_places(runner: LlamaCppRunner) -> None:
    text = SOURCE.read_text(encoding="utf-8")
    harness = EngineHarness(runner, keep=KeepPolicy(max_saved_bytes=100_000_000))
    for at in (2_600, 3_500):
        harness.answer(asked(text[:at], text[at:5_000]))
        harness.refresh()
    before = next_logits(harness, runner)
    assert runner.num_retired_cells > 500
    harness.tidy()
    assert runner.num_retired_cells == 0
    assert float(np.abs(next_logits(harness, runner) - before).max()) < LITTLE
    harness.cache.evict_all()


def asked(before: str, after: str) -> GenerateRequest:
    return make_request(fim_segments(before, after), max_tokens=1, document_key="a.py")


def next_logits(harness: EngineHarness, runner: LlamaCppRunner) -> Logits:
    """Compute the last token of the parked prompt once more; return its logits."""
    parked = harness.cache.parked("a.py")
    assert parked is not None
    last = len(parked.tokens) - 1
    runner.remove_cells(parked.sequence_id, last, None)
    token = BatchToken(parked.tokens[last], last, parked.sequence_id, wants_logits=True)
    logits = runner.forward([token])
    assert logits is not None
    return np.array(logits[0])
