"""The command line and the schedule of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.embedded_model import options
from scripts.embedded_model.cli import main
from scripts.embedded_model.config import (
    ModelShape,
    RunConfig,
    TrainConfig,
    read_config,
    write_config,
)
from scripts.embedded_model.options import config_from, make_parser, training_command
from scripts.embedded_model.schedule import rate_factor, row_tokens_at
from scripts.embedded_model.scores import wilson_interval


def parse(*words: str) -> RunConfig:
    return config_from(make_parser(["train"]).parse_args(list(words)))


def test_without_options_the_defaults_stand() -> None:
    assert parse() == RunConfig()


def test_every_part_can_be_changed_and_told_again() -> None:
    words = [
        "--width",
        "192",
        "--num-heads",
        "3",
        "--num-kv-heads",
        "3",
        "--rate",
        "0.5",
        "--minutes",
        "3.0",
        "--no-compile",
    ]
    config = parse(*words)
    assert (config.shape.width, config.fim.rate, config.train.minutes) == (192, 0.5, 3.0)
    assert not config.train.compile
    assert training_command(config).split()[1:] == words


def test_a_written_configuration_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    config = parse("--num-layers", "3", "--seed", "9")
    write_config(config, path)
    assert read_config(path) == config
    assert parse("--config", str(path), "--seed", "10").shape == config.shape


def test_a_run_after_another_tells_both_commands_and_keeps_its_shape(tmp_path: Path) -> None:
    write_config(parse("--num-layers", "3", "--minutes", "5.0"), tmp_path / "config.json")
    config = parse("--after", str(tmp_path), "--minutes", "7.0")
    assert config.shape.num_layers == 3
    assert config.earlier_commands == ("scripts/train_embedded_model --num-layers 3 --minutes 5.0",)
    write_config(config, tmp_path / "config.json")
    third = parse("--after", str(tmp_path))
    assert len(third.earlier_commands) == 2
    assert "--after RUN --num-layers 3 --minutes 7.0" in third.earlier_commands[1]


def test_training_after_no_run_says_what_is_missing(tmp_path: Path) -> None:
    write_config(parse(), tmp_path / "config.json")
    with pytest.raises(SystemExit, match=r"it has no tokenizer\.json, checkpoint\.pt, log\.jsonl"):
        main(["train", "--after", str(tmp_path), "--run", str(tmp_path / "new")])


@pytest.mark.parametrize(
    "sizes", [{"width": 200}, {"num_kv_heads": 3}, {"feed_forward_width": 100}]
)
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="ModelShape"):
        ModelShape(**sizes)


def test_the_rate_rises_stays_and_falls_to_zero() -> None:
    config = TrainConfig(warmup_share=0.1, decay_share=0.5)
    factors = [rate_factor(progress, config) for progress in (0.0, 0.05, 0.1, 0.5, 0.75, 1.0, 1.1)]
    assert factors == pytest.approx([0.0, 0.5, 1.0, 1.0, 0.5, 0.0, 0.0])


def test_rows_are_short_at_first_and_of_two_lengths_at_last() -> None:
    config = TrainConfig(
        row_tokens=256, medium_row_tokens=512, long_row_share=0.2, long_row_rate=0.25
    )
    lengths = [
        row_tokens_at(progress, draw, config, 4096)
        for progress, draw in ((0.0, 0.0), (0.79, 0.0), (0.81, 0.3), (0.81, 0.2))
    ]
    assert lengths == [256, 256, 512, 4096]


def test_the_wilson_interval_holds_the_share_and_stays_in_bounds() -> None:
    low, high = wilson_interval(20, 100)
    assert (low, high) == pytest.approx((0.1334, 0.2888), abs=1e-4)
    assert wilson_interval(0, 10)[0] == pytest.approx(0.0)
    assert wilson_interval(10, 10)[1] == pytest.approx(1.0)


def test_the_configuration_for_a_gpu_fits_the_shipped_file() -> None:
    folder = Path(options.__file__).parent
    config = read_config(folder / "gpu.json")
    assert 12e6 <= config.shape.num_parameters <= 22e6
    bytes_of_q8_0 = config.shape.num_parameters * 34 / 32
    assert bytes_of_q8_0 < 24e6
    assert config.train.piece_minutes <= 8
    assert config.train.long_row_share * config.train.long_row_rate == pytest.approx(0.25)


def test_rows_longer_than_the_context_are_refused() -> None:
    with pytest.raises(ValueError, match="longer than the context"):
        RunConfig(shape=ModelShape(context_tokens=256), train=TrainConfig(row_tokens=512))
