"""Random edits on every architecture, spliced, answered and refreshed, through the real library.

A splice leaves stale cells, so what is asked then is only sound: every number finite, every cell
with its owners (the harness looks after each step).  Once an idle moment has computed the stale
cells again, the answer has to be that of a full recompute but for rounding.  In a model of one
layer nothing gets stale, so there the splice itself has to be exact.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.runners.base import BatchToken, Logits
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import write_model
from tests.support.engine import EngineHarness
from tests.support.token_edits import (
    TokenEdit,
    ask_behind,
    difference_sd,
    edited,
    random_tokens,
)

NUM_PLANS = 40
EDITS = (*(kind for kind in TokenEdit if kind is not TokenEdit.TAKE_BACK), TokenEdit.INSERT)
MAX_TOKENS = 180
#: Rounding of keys and values in F16, in standard deviations of the logits.
MOST_ROUNDING_SD = 0.05


class WatchedRunner(LlamaCppRunner):
    """Checks every row of logits, and keeps the last one."""

    def __init__(self, path: Path) -> None:
        file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))
        super().__init__(file, LlamaSettings(1_024, 1, 12))
        self.logits = np.empty(0, np.float32)

    def forward(self, batch: Sequence[BatchToken]) -> Logits | None:
        logits = super().forward(batch)
        if logits is not None and len(logits):
            assert np.isfinite(logits).all()
            self.logits = logits[-1].copy()
        return logits


@pytest.fixture(scope="module", params=tuple(ARCHITECTURES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / f"{request.param}.gguf"
    kind = ARCHITECTURES[request.param]
    write_model(path, tiny_vocabulary(), kind.shape, architecture=kind, sharpness=0.2)
    return path


def write_one_layer(folder: Path, architecture: str) -> Path:
    path = folder / "one-layer.gguf"
    kind = ARCHITECTURES[architecture]
    shape = dataclasses.replace(kind.shape, num_layers=1)
    write_model(path, tiny_vocabulary(), shape, architecture=kind, sharpness=0.2)
    return path


@pytest.fixture
def runners(model: Path) -> Iterator[tuple[WatchedRunner, WatchedRunner]]:
    both = WatchedRunner(model), WatchedRunner(model)
    yield both
    for runner in both:
        runner.close()


def edited_document(tokens: list[int], chance: random.Random) -> list[int]:
    """Change one to three places; most of the tokens stay."""
    tokens = edited(tokens, chance, EDITS, most_dropped=28)
    return tokens[:MAX_TOKENS] if len(tokens) > 60 else tokens + random_tokens(chance, 100)


def num_moved(harness: EngineHarness, tokens: list[int]) -> int:
    """Ask for one token; return how many tokens were moved."""
    return ask_behind(harness, "a", tokens).end.cost.tokens_shifted


@pytest.mark.parametrize("seed", range(2))
def test_refreshed_splice_equals_a_full_recompute(
    seed: int, runners: tuple[WatchedRunner, WatchedRunner]
) -> None:
    chance = random.Random(seed)
    runner, fresh_runner = runners
    harness = EngineHarness(runner, keep=KeepPolicy(max_age=4, max_saved_bytes=100_000_000))
    fresh = EngineHarness(fresh_runner, keep=KeepPolicy(max_age=0))
    tokens = random_tokens(chance, 150)
    ask_behind(harness, "a", tokens)
    num_spliced = num_refreshed = num_tidied = 0
    for _ in range(NUM_PLANS):
        tokens = edited_document(tokens, chance)
        num_spliced += num_moved(harness, tokens) > 0
        if chance.random() < 0.4:
            num_refreshed += harness.refresh() > 0
            ask_behind(harness, "a", tokens)
            parked = harness.cache.parked("a")
            assert parked is not None
            assert not parked.is_stale
            fresh.cache.evict_all()
            ask_behind(fresh, "a", tokens)
            assert difference_sd(runner.logits, fresh_runner.logits) < MOST_ROUNDING_SD
        if chance.random() < 0.3:
            for _ in range(3):
                ask_behind(harness, "b", random_tokens(chance, 60))
            harness.tidy()
            num_tidied += harness.cache.saved_documents == ("a",)
    assert num_tidied > 3
    assert num_spliced > NUM_PLANS // 3
    assert num_refreshed > NUM_PLANS // 8
    harness.cache.evict_all()
    harness.check()
    assert harness.cache.num_cells_used == 0


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "gemma", "deepseek2"])
def test_splice_of_one_layer_equals_a_full_recompute(architecture: str, tmp_path: Path) -> None:
    """Keys and values of the first layer depend on their own token alone, so none gets stale.

    Models with a window have at least two layers, one with a window and one without.

    What a splice does is then exact without a refresh, and a run at a wrong position, in the wrong
    order or lost would show at once.
    """
    path = write_one_layer(tmp_path, architecture)
    runner, fresh_runner = WatchedRunner(path), WatchedRunner(path)
    try:
        chance = random.Random(architecture)
        harness = EngineHarness(runner, keep=KeepPolicy(max_age=6))
        fresh = EngineHarness(fresh_runner, keep=KeepPolicy(max_age=0))
        tokens = random_tokens(chance, 150)
        num_spliced = 0
        for _ in range(NUM_PLANS):
            tokens = edited_document(tokens, chance)
            num_spliced += num_moved(harness, tokens) > 0
            fresh.cache.evict_all()
            ask_behind(fresh, "a", tokens)
            assert difference_sd(runner.logits, fresh_runner.logits) < MOST_ROUNDING_SD
        assert num_spliced > NUM_PLANS // 3
    finally:
        runner.close()
        fresh_runner.close()
