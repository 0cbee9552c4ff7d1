"""Positions of short rows."""

from __future__ import annotations

from random import Random

from scripts.embedded_model.positions import draw_positions


def test_positions_rise_and_reach_over_the_context() -> None:
    drawn = [draw_positions(64, 1024, Random(seed)) for seed in range(200)]
    assert all((positions[1:] > positions[:-1]).all() for positions in drawn)
    assert all(positions.shape == (64,) and positions[0] >= 0 for positions in drawn)
    highest = max(int(positions[-1]) for positions in drawn)
    assert 700 < highest < 1024


def test_a_row_of_the_whole_context_has_no_jumps() -> None:
    assert draw_positions(32, 32, Random(1)).tolist() == list(range(32))
