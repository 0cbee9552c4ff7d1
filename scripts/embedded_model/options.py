"""The command line: folders, and one option for every field of the configuration."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from .collect import STANDARD_LIBRARY_FOLDER
from .config import CONFIG_NAME, FimConfig, ModelShape, RunConfig, TrainConfig, read_config

Part = TypeVar("Part", ModelShape, FimConfig, TrainConfig)

_OUTPUT = Path(__file__).parents[2] / "lsp_server/models/embedded"


def make_parser(stages: Iterable[str]) -> argparse.ArgumentParser:
    """The parser for the named stages and `all`, which makes the file from nothing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "bantam-training"
    parser = argparse.ArgumentParser(
        prog="train_embedded_model",
        description="Collect source, train the embedded model, export and describe it.",
    )
    add = parser.add_argument
    add("stage", choices=[*stages, "all"], nargs="?", default="all")
    add("--run", type=Path, default=cache / "run", help="folder of this run; resumed if it exists")
    add("--cache", type=Path, default=cache / "wheels", help="where wheels are kept")
    add("--corpus", type=Path, default=cache / "corpus.jsonl", help="the collected source")
    add("--packages", type=Path, default=Path(__file__).with_name("packages.toml"))
    add("--standard-library", type=Path, default=STANDARD_LIBRARY_FOLDER, help="also trained on")
    add("--output", type=Path, default=_OUTPUT, help="where model and card go")
    add("--matrix-type", choices=["f32", "f16", "q8_0"], default="q8_0")
    add("--vocabulary-cases", type=Path, help="export: also write the test's token ids here")
    add("--ablation-tokens", type=int, default=1_300_000, help="ablate: of each short run")
    add("--label", default="embedded", help="card: whose results to show")
    add("--config", type=Path, help="configuration to start from, as JSON")
    add("--after", type=Path, metavar="RUN", help="train: begin with a finished run's weights")
    for part in (ModelShape(), FimConfig(), TrainConfig()):
        group = parser.add_argument_group(type(part).__name__)
        for field in dataclasses.fields(part):
            _add_field(group, field.name, getattr(part, field.name))
    return parser


def config_from(options: argparse.Namespace) -> RunConfig:
    """The configuration of a file or the defaults, with what the command line changes.

    Shape and holes after another run are that run's, unless the command line changes them.
    """
    base = read_config(options.config) if options.config else RunConfig()
    if options.after:
        former = read_config(options.after / CONFIG_NAME)
        commands = (*former.earlier_commands, training_command(former))
        base = RunConfig(former.shape, former.fim, base.train, commands)
    return RunConfig(
        _changed(base.shape, options),
        _changed(base.fim, options),
        _changed(base.train, options),
        base.earlier_commands,
    )


def training_command(config: RunConfig) -> str:
    """The command line of a configuration: the options whose values are not the defaults."""
    words = ["scripts/train_embedded_model"]
    if config.earlier_commands:
        words += ["train", "--after", "RUN"]
    parts = ((config.shape, ModelShape()), (config.fim, FimConfig()), (config.train, TrainConfig()))
    for part, default in parts:
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if value != getattr(default, field.name):
                words += _as_option(field.name, value)
    return " ".join(words)


def _as_option(name: str, value: object) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", str(value)]


def _changed(part: Part, options: argparse.Namespace) -> Part:
    names = [field.name for field in dataclasses.fields(part)]
    values = {name: getattr(options, name) for name in names}
    given = {name: value for name, value in values.items() if value is not None}
    return dataclasses.replace(part, **given)


def _add_field(group: argparse._ArgumentGroup, name: str, default: object) -> None:
    option = "--" + name.replace("_", "-")
    text = f"default {default}"
    if isinstance(default, bool):
        group.add_argument(option, action=argparse.BooleanOptionalAction, default=None, help=text)
    else:
        group.add_argument(option, type=type(default), default=None, help=text)
