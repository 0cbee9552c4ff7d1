from __future__ import annotations

import math

import numpy as np
import pytest

from lsp_server.engine.api import Sampling
from lsp_server.engine.sampling import Sampler
from lsp_server.errors import EngineError


def make_sampler(alternative: int = 0, want_logprobs: bool = False, **settings: float) -> Sampler:
    return Sampler(Sampling(**settings), alternative, want_logprobs=want_logprobs)  # type: ignore[arg-type]


def logits_of(*probabilities: float) -> np.ndarray:
    return np.log(np.array(probabilities, np.float32))


def drawn(sampler: Sampler, logits: np.ndarray, num_draws: int = 300) -> set[int]:
    return {sampler(logits).token for _ in range(num_draws)}


def test_greedy_takes_the_most_likely() -> None:
    assert make_sampler()(logits_of(0.2, 0.5, 0.3)).token == 1


def test_greedy_takes_the_lower_id_of_equals() -> None:
    assert make_sampler()(logits_of(0.2, 0.4, 0.4)).token == 1


def test_greedy_among_allowed_tokens() -> None:
    allowed = np.array([0, 2], np.int32)
    assert make_sampler()(logits_of(0.2, 0.5, 0.3), allowed).token == 2


def test_drawing_among_allowed_tokens() -> None:
    sampler = make_sampler(temperature=5.0)
    allowed = np.array([0, 2], np.int32)
    logits = logits_of(0.2, 0.5, 0.3)
    assert {sampler(logits, allowed).token for _ in range(100)} == {0, 2}


def test_top_k_keeps_the_k_most_likely() -> None:
    sampler = make_sampler(temperature=5.0, top_k=2, top_p=1.0)
    assert drawn(sampler, logits_of(0.1, 0.4, 0.2, 0.3)) == {1, 3}


def test_top_k_keeps_the_lower_ids_of_equals() -> None:
    sampler = make_sampler(temperature=5.0, top_k=2, top_p=1.0)
    assert drawn(sampler, logits_of(0.25, 0.25, 0.25, 0.25)) == {0, 1}


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    sampler = make_sampler(temperature=5.0, top_k=0, top_p=0.6)
    assert drawn(sampler, logits_of(0.1, 0.4, 0.2, 0.3)) == {1, 3}


def test_min_p_drops_what_is_far_less_likely_than_the_best() -> None:
    sampler = make_sampler(temperature=5.0, top_k=0, top_p=1.0, min_p=0.6)
    assert drawn(sampler, logits_of(0.1, 0.4, 0.2, 0.3)) == {1, 3}


def test_frequencies_follow_the_probabilities() -> None:
    sampler = make_sampler(temperature=1.0, top_k=0, top_p=1.0)
    logits = logits_of(0.7, 0.2, 0.1)
    counts = np.bincount([sampler(logits).token for _ in range(4000)], minlength=3) / 4000
    assert counts == pytest.approx([0.7, 0.2, 0.1], abs=0.03)


def test_low_temperature_sharpens() -> None:
    sampler = make_sampler(temperature=0.05, top_k=0, top_p=1.0)
    assert drawn(sampler, logits_of(0.5, 0.3, 0.2)) == {0}


def test_same_seed_draws_the_same() -> None:
    logits = np.random.default_rng(1).standard_normal(100).astype(np.float32)
    first, second = (make_sampler(temperature=1.0, seed=7) for _ in range(2))
    assert [first(logits).token for _ in range(20)] == [second(logits).token for _ in range(20)]


def test_alternatives_draw_differently() -> None:
    logits = np.random.default_rng(1).standard_normal(100).astype(np.float32)
    first, second = (make_sampler(alternative=i, temperature=1.0) for i in range(2))
    assert [first(logits).token for _ in range(20)] != [second(logits).token for _ in range(20)]


def test_logprob_is_of_the_whole_distribution() -> None:
    sampler = make_sampler(want_logprobs=True, top_k=1, temperature=1.0)
    logprob = sampler(logits_of(0.2, 0.5, 0.3) + np.float32(4.0)).logprob
    assert logprob == pytest.approx(math.log(0.5), rel=1e-5)


def test_logprob_is_left_out_when_not_wanted() -> None:
    assert make_sampler()(logits_of(0.5, 0.5)).logprob is None


def test_logits_are_not_changed() -> None:
    logits = logits_of(0.2, 0.5, 0.3)
    before = logits.copy()
    make_sampler(temperature=1.0, want_logprobs=True)(logits)
    assert (logits == before).all()


def test_logits_that_are_not_numbers_are_an_error() -> None:
    with pytest.raises(EngineError, match="not numbers"):
        make_sampler()(np.full(4, np.nan, np.float32))
