"""Ten thousand edits of token lists on the real library, against a full recompute.

What is bit-identical, and what is not, with llama.cpp on a CPU, flash attention and keys in F16:

- A token's keys, values and logits do not depend on how a prompt is cut into steps of 2 to 32
  tokens, which are asked for here, or on cells that it does not attend to.
- A token that is computed alone differs in the last bits from one that is computed in a step with
  others: a matrix times a vector adds up in another order than a matrix times a matrix.  Steps of
  64 tokens and more take another way through flash attention, too.
- Attention adds up in the order of the cells.  A document that is alone in the cache has its cells
  in the order of its tokens, whatever was cut off and added (the first token of all prompts is the
  same, so something is always kept); beside others it may get cells that lie before its older
  ones, and then a hundredth of a standard deviation is lost to rounding.

So exact mode is bit-identical to a full recompute that computes the same tokens alone, as long as
the cells lie in order; that is asserted for each of the ten thousand plans.  Beside other
documents, and against a recompute in one large step, it is the same but for rounding.  That
nothing else differs there is proven on the fake model, whose cells tell what they were computed
from (`test_edited_documents.py`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.engine.step_sizes import StepPolicy
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from tests.support.engine import EngineHarness
from tests.support.token_edits import (
    TokenEdit,
    ask_behind,
    difference_sd,
    edited,
    random_tokens,
)

NUM_SEEDS = 20
NUM_PLANS = 500
MAX_TOKENS = 90
FIRST_TOKEN = 5
STEP_TOKENS = 32
#: Rounding, in standard deviations of the logits.
MOST_ROUNDING_SD = 0.05


class RecordingRunner(LlamaCppRunner):
    """Remembers what was computed, and the logits of the last call."""

    def __init__(self, path: Path) -> None:
        file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))
        super().__init__(file, LlamaSettings(256, 1, 8))
        self.batches: list[list[BatchToken]] = []
        self.logits = np.empty(0, np.float32)

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        logits = super().forward(batch)
        self.batches.append(list(batch))
        if logits is not None and len(logits):
            self.logits = logits[-1].copy()
        return logits


def new_document(chance: random.Random, num_tokens: int) -> list[int]:
    return [FIRST_TOKEN, *random_tokens(chance, num_tokens)]


def edited_document(tokens: list[int], chance: random.Random) -> list[int]:
    tokens = edited(tokens, chance, tuple(TokenEdit), most_dropped=7)[:MAX_TOKENS]
    return tokens if len(tokens) > 3 else new_document(chance, 40)


class Editing:
    """Documents as token lists; each plan edits one of them and asks for one token."""

    def __init__(self, runner: RecordingRunner, chance: random.Random, num_documents: int) -> None:
        self._runner = runner
        policy = StepPolicy(max_step_tokens=STEP_TOKENS)
        self._harness = EngineHarness(runner, policy, KeepPolicy(max_age=0))
        self._chance = chance
        self._documents = {
            str(number): new_document(chance, chance.randrange(20, 60))
            for number in range(num_documents)
        }
        #: By cell, whether its token was computed alone.
        self._is_alone: dict[int, bool] = {}

    def plans(self, num_plans: int) -> Iterator[tuple[list[int], list[bool], Logits]]:
        """Yield each prompt, which of its tokens were computed alone, and the logits behind it."""
        for _ in range(num_plans):
            key = self._chance.choice(list(self._documents))
            tokens = edited_document(self._documents[key], self._chance)
            if self._chance.random() < 0.05:
                # A document begins as the first one: cells are shared.
                tokens = (self._documents["0"][:30] + tokens)[:MAX_TOKENS]
            self._documents[key] = tokens
            yield tokens, self._ask(key, tokens), self._runner.logits

    def finish(self) -> None:
        self._harness.cache.evict_all()
        self._harness.check()
        assert self._harness.cache.num_cells_used == 0

    def _ask(self, key: str, tokens: list[int]) -> list[bool]:
        self._runner.batches.clear()
        ask_behind(self._harness, key, tokens)
        parked = self._harness.cache.parked(key)
        assert parked is not None
        assert not parked.is_stale
        for batch in self._runner.batches:
            for token in batch:
                self._is_alone[parked.cells[token.position]] = len(batch) == 1
        return [self._is_alone[cell] for cell in parked.cells]


def recompute(runner: LlamaCppRunner, tokens: list[int], is_alone: list[bool]) -> Logits:
    """Compute a prompt from nothing; the given tokens alone, all others with neighbours."""
    runner.remove_cells(0, 0, None)
    logits = None
    start = 0
    while start < len(tokens):
        end = start + 1
        while not is_alone[start] and end < len(tokens) and end - start < STEP_TOKENS - 1:
            if is_alone[end]:
                break
            end += 1
        batch = [BatchToken(tokens[i], i, 0, i == len(tokens) - 1) for i in range(start, end)]
        needs_company = len(batch) == 1 and not is_alone[start]
        if needs_company:
            batch.append(BatchToken(0, end, 0, wants_logits=False))
        logits = runner.forward(batch)
        if needs_company:
            runner.remove_cells(0, end, None)
        start = end
    assert logits is not None
    return logits[0].copy()


def recompute_at_once(runner: LlamaCppRunner, tokens: list[int]) -> Logits:
    runner.remove_cells(0, 0, None)
    last = len(tokens) - 1
    logits = runner.forward([BatchToken(token, i, 0, i == last) for i, token in enumerate(tokens)])
    assert logits is not None
    return logits[0].copy()


@pytest.fixture(scope="module")
def fresh(tiny_model: Path) -> Iterator[RecordingRunner]:
    runner = RecordingRunner(tiny_model)
    yield runner
    runner.close()


@pytest.fixture
def runner(tiny_model: Path) -> Iterator[RecordingRunner]:
    runner = RecordingRunner(tiny_model)
    yield runner
    runner.close()


@pytest.mark.parametrize("seed", range(NUM_SEEDS))
def test_document_alone_is_bit_identical_to_a_full_recompute(
    seed: int, runner: RecordingRunner, fresh: RecordingRunner
) -> None:
    editing = Editing(runner, random.Random(seed), num_documents=1)
    num_kept = 0
    for number, (tokens, is_alone, logits) in enumerate(editing.plans(NUM_PLANS)):
        expected = recompute(fresh, tokens, is_alone)
        assert np.array_equal(logits, expected), f"plan {number} of {len(tokens)} tokens"
        num_kept += len(tokens) - sum(map(len, runner.batches))
        if number % 10 == 0:
            assert difference_sd(logits, recompute_at_once(fresh, tokens)) < MOST_ROUNDING_SD
    assert num_kept > NUM_PLANS, "something was kept"
    editing.finish()


@pytest.mark.parametrize("seed", range(4))
def test_documents_beside_others_equal_a_full_recompute_but_for_rounding(
    seed: int, runner: RecordingRunner, fresh: RecordingRunner
) -> None:
    """Seven documents have more tokens than there are cells, so some are evicted all the time."""
    editing = Editing(runner, random.Random(seed), num_documents=7)
    for tokens, is_alone, logits in editing.plans(NUM_PLANS // 2):
        assert difference_sd(logits, recompute(fresh, tokens, is_alone)) < MOST_ROUNDING_SD
    editing.finish()
