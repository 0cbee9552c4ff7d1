"""ctransformers against llama.cpp on the same weights, and what the scheduler relies on.

In F16 both compute the same up to rounding.  With packed weights both round on their way, each
in its own manner, so only positions with a clear winner are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
import pytest

from lsp_server.engine.loaded_model import LoadedRunner
from lsp_server.engine.loader import make_loader
from lsp_server.engine.runners.base import BatchToken, Runner
from lsp_server.engine.runners.ctransformers import CtransformersRunner
from lsp_server.errors import EngineError, NoCellsError
from lsp_server.settings.schema import EngineSettings
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import Shape, write_model
from tests.support.model_copies import copy_model

#: Of the logits' standard deviation; measured were 0.002 on average and 0.03 at most.
MEAN_F16_DIFFERENCE = 0.01
MAX_F16_DIFFERENCE = 0.1
#: Of the standard deviation: the best token's lead over the second that rounding does not turn.
#: The largest lead that was seen to turn is 0.054.
CLEAR_LEAD = 0.15
SOURCE = Path(__file__).parents[3] / "lsp_server" / "engine" / "prompt_tokens.py"
KIND = gguf.GGUFValueType

Load = Callable[..., LoadedRunner]
Rows = npt.NDArray[np.float32]


@pytest.fixture
def load() -> Iterator[Load]:
    """Return a function that loads a file with a library; models are closed afterwards."""
    models: list[LoadedRunner] = []

    def load_model(path: Path, library: str = "ctransformers", num_cells: int = 0) -> LoadedRunner:
        settings = EngineSettings(context_tokens=num_cells, threads=1)
        models.append(make_loader(settings)(f"{library}:{path}", lambda _fraction: True))
        return models[-1]

    yield load_model
    for model in models:
        model.runner.close()


def compute(runner: Runner, tokens: list[int], start: int = 0, chunk: int = 8) -> Rows:
    """Evaluate tokens and return the logits after each chunk, `[n_chunks, n_vocab]`."""
    rows = []
    for first in range(start, len(tokens), chunk):
        part = tokens[first : first + chunk]
        logits = runner.forward(
            [
                BatchToken(token, first + index, 0, index == len(part) - 1)
                for index, token in enumerate(part)
            ]
        )
        assert logits is not None
        rows.append(logits[0].copy())
    return np.stack(rows)


def tokens_of_code(model: LoadedRunner, num_tokens: int) -> list[int]:
    vocabulary = model.runner.vocabulary
    assert vocabulary.bos_token is not None
    return [vocabulary.bos_token, *vocabulary.tokenize(SOURCE.read_text())][:num_tokens]


def relative_differences(ours: Rows, reference: Rows) -> Rows:
    """Return by how much logits differ, in standard deviations of the reference's."""
    deviation = reference.std(axis=1, keepdims=True)
    result: Rows = np.abs(ours - reference) / deviation
    return result


def test_f16_logits_equal_those_of_llama_cpp_up_to_rounding(tmp_path: Path, load: Load) -> None:
    path = tmp_path / "random.gguf"
    shape = Shape(num_layers=4, embedding_size=128, num_heads=8, num_kv_heads=2)
    write_model(path, tiny_vocabulary(), shape, seed=3)
    half = copy_model(path, tmp_path / "random-f16.gguf", packing="F16")
    ours, reference = load(half), load(half, "llama.cpp")
    tokens = tokens_of_code(ours, 400)
    differences = relative_differences(
        compute(ours.runner, tokens), compute(reference.runner, tokens)
    )
    assert differences.mean() < MEAN_F16_DIFFERENCE
    assert differences.max() < MAX_F16_DIFFERENCE


@pytest.mark.real_model
def test_f16_logits_of_a_trained_model_equal_those_of_llama_cpp(
    embedded_model: Path, tmp_path: Path, load: Load
) -> None:
    half = copy_model(embedded_model, tmp_path / "embedded-f16.gguf", packing="F16")
    ours, reference = load(half), load(half, "llama.cpp")
    tokens = tokens_of_code(ours, 600)
    differences = relative_differences(
        compute(ours.runner, tokens), compute(reference.runner, tokens)
    )
    assert differences.mean() < MEAN_F16_DIFFERENCE
    assert differences.max() < MAX_F16_DIFFERENCE


@pytest.mark.real_model
def test_packed_weights_give_the_same_best_token_where_its_lead_is_clear(
    embedded_model: Path, load: Load
) -> None:
    ours, reference = load(embedded_model), load(embedded_model, "llama.cpp")
    tokens = tokens_of_code(ours, 600)
    our_rows = compute(ours.runner, tokens)
    rows = compute(reference.runner, tokens)
    best_two = np.sort(rows, axis=1)[:, -2:]
    leads = (best_two[:, 1] - best_two[:, 0]) / rows.std(axis=1)
    is_clear = leads > CLEAR_LEAD
    assert is_clear.sum() > len(rows) / 2
    assert (our_rows.argmax(axis=1) == rows.argmax(axis=1))[is_clear].all()


def test_linear_rope_scaling_is_followed(tiny_model: Path, tmp_path: Path, load: Load) -> None:
    scaled = copy_model(
        tiny_model,
        tmp_path / "scaled.gguf",
        {
            "llama.rope.scaling.type": (KIND.STRING, "linear"),
            "llama.rope.scaling.factor": (KIND.FLOAT32, 4.0),
            "llama.rope.freq_base": (KIND.FLOAT32, 100_000.0),
        },
        packing="F16",
    )
    ours, reference = load(scaled), load(scaled, "llama.cpp")
    tokens = tokens_of_code(ours, 600)
    differences = relative_differences(
        compute(ours.runner, tokens), compute(reference.runner, tokens)
    )
    assert differences.mean() < MEAN_F16_DIFFERENCE


def test_what_is_computed_after_a_cut_equals_a_full_recompute(tiny_model: Path, load: Load) -> None:
    reusing, fresh = load(tiny_model).runner, load(tiny_model).runner
    tokens = [(7 * index + 3) % 200 + 10 for index in range(120)]
    other = [*tokens[:64], *reversed(tokens[64:])]
    compute(reusing, tokens)
    reusing.remove_cells(0, 64, None)
    assert reusing.end_position(0) == 64
    assert reusing.can_resume(0, 64)
    assert not reusing.can_resume(0, 65)
    again = compute(reusing, other, start=64)
    assert np.array_equal(again, compute(fresh, other)[8:])


def test_limits_are_one_sequence_and_the_models_context(tiny_model: Path, load: Load) -> None:
    limits = load(tiny_model, num_cells=100_000).runner.limits
    assert limits.max_sequences == 1
    assert limits.context_tokens == limits.num_cells == 2048
    assert load(tiny_model, num_cells=64).runner.limits.context_tokens == 64


def test_a_full_context_is_refused_and_stays_usable(tiny_model: Path, load: Load) -> None:
    runner = load(tiny_model, num_cells=64).runner
    before = compute(runner, [20] * 64, chunk=64)
    with pytest.raises(NoCellsError, match=r"1 more tokens after 64 in its 64 KV cells"):
        runner.forward([BatchToken(20, 64, 0, True)])
    runner.remove_cells(0, 0, None)
    assert np.array_equal(compute(runner, [20] * 64, chunk=64), before)


def test_a_position_that_leaves_a_gap_is_refused(tiny_model: Path, load: Load) -> None:
    runner = load(tiny_model).runner
    with pytest.raises(EngineError, match="position 1 does not follow"):
        runner.forward([BatchToken(20, 1, 0, True)])
    assert runner.end_position(0) == 0


@pytest.mark.parametrize("token", [-1, 100_000])
def test_unknown_tokens_never_reach_the_library(tiny_model: Path, load: Load, token: int) -> None:
    with pytest.raises(AssertionError, match="unknown token"):
        load(tiny_model).runner.forward([BatchToken(token, 0, 0, True)])


def test_batches_are_bounded(tiny_model: Path, load: Load) -> None:
    runner = load(tiny_model).runner
    most = runner.limits.max_batch_tokens
    batch = [BatchToken(20, index, 0, False) for index in range(most + 1)]
    for wrong in ([], batch):
        with pytest.raises(AssertionError, match="the batch fits"):
            runner.forward(wrong)
    rows = runner.forward(batch[:-1])
    assert rows is not None
    assert len(rows) == 0
    assert runner.end_position(0) == most


def test_an_abort_between_batches_stops_none_of_them(tiny_model: Path, load: Load) -> None:
    runner = load(tiny_model).runner
    runner.request_abort()
    assert runner.forward([BatchToken(20, 0, 0, True)]) is not None


def test_closing_twice_is_allowed(tiny_model: Path, load: Load) -> None:
    runner = load(tiny_model).runner
    runner.close()
    runner.close()


def test_an_abort_within_a_batch_keeps_what_was_computed(tiny_model: Path, load: Load) -> None:
    runner = load(tiny_model).runner
    assert isinstance(runner, CtransformersRunner)
    batch = [BatchToken(20 + index, index, 0, index == 99) for index in range(100)]
    whole = runner.forward(batch)
    runner.remove_cells(0, 0, None)
    abort_after_first_piece(runner)
    assert runner.forward(batch) is None
    end = runner.end_position(0)
    assert 0 < end < len(batch)
    rest = runner.forward(batch[end:])
    assert whole is not None and rest is not None
    assert np.array_equal(rest, whole)


def abort_after_first_piece(runner: CtransformersRunner) -> None:
    """Let the library ask for an abort once, while it computes."""
    evaluate = runner._llm.eval

    def evaluate_and_abort(tokens: list[int]) -> None:
        evaluate(tokens)
        runner.request_abort()
        runner._llm.eval = evaluate

    runner._llm.eval = evaluate_and_abort
