"""Short runs that differ in one choice, and their table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scripts.embedded_model.ablations import (
    VARIANTS,
    Outcome,
    outcome_table,
    read_outcomes,
    write_outcomes,
)
from scripts.embedded_model.config import RunConfig

OUTCOME = Outcome("as shipped", 6_900_000, 1_300_480, 5_900.0, 1.61, 1.72, 0.031, 3.9, 3.88)


def test_each_variant_changes_the_configuration() -> None:
    base = RunConfig()
    configs = [variant.of(base, 1_000) for variant in VARIANTS]
    assert len({repr(config) for config in configs}) == len(VARIANTS)
    assert {config.train.max_tokens for config in configs} == {1_000}


def test_the_best_variant_stands_first(tmp_path: Path) -> None:
    better = replace(OUTCOME, name="better", line_bits_per_char=1.5)
    write_outcomes([OUTCOME, better], tmp_path / "ablations.json")
    table = outcome_table(read_outcomes(tmp_path / "ablations.json"))
    assert table.index("| better |") < table.index("| as shipped | 6.9 M | 5,900 |")
    assert "Runs of 1.3 million tokens" in table


def test_nothing_measured_is_no_table(tmp_path: Path) -> None:
    assert outcome_table(read_outcomes(tmp_path / "none.json")) == ""
