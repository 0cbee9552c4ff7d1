"""Write the model's card and the table of its training data from what a run recorded."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .ablations import outcome_table, read_outcomes
from .collect import STANDARD_LIBRARY, Source
from .config import RunConfig
from .evaluation.cases import Kind
from .evaluation.report import REPORT_NAME
from .evaluation.results import Results

CARD_NAME = "MODEL_CARD.md"
DATA_NAME = "TRAINING_DATA.md"

_TEMPLATE = Path(__file__).with_name("MODEL_CARD.template.md")
_ABLATIONS = Path(__file__).with_name("ABLATIONS.md")
_TABLE_HEAD = "| project | version | licence | files | bytes |\n|---|---|---|--:|--:|\n"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the card tells about a run; `seconds` are of training.

    `others` are whatever else was measured on the same lines: baselines and the former model.
    """

    config: RunConfig
    file_name: str
    num_steps: int
    num_tokens: int
    seconds: float
    hardware: str
    training_command: str
    results: Results
    others: tuple[Results, ...] = ()


def describe_hardware(device: str, num_cores: int) -> str:
    """The class of machine: `2 x86_64 CPU cores, no GPU`."""
    gpu = "no GPU" if device == "cpu" else f"GPU ({device})"
    return f"{num_cores} {platform.machine()} CPU cores, {gpu}"


def card_text(facts: RunFacts, sources: Sequence[Source]) -> str:
    """The card: the template with the facts filled in."""
    config = facts.config
    train = [source for source in sources if source.split == "train"]
    held_out = [source for source in sources if source.split == "held_out"]
    return _TEMPLATE.read_text(encoding="utf-8").format(
        facts=facts,
        commands=_commands(facts),
        shape=config.shape,
        fim=config.fim,
        train=config.train,
        loss=facts.results.loss,
        score=facts.results.scores[Kind.LINE.value],
        other_rows="".join(map(_other_row, facts.others)),
        evaluation_command=facts.results.command,
        report_name=REPORT_NAME,
        file_name=facts.file_name,
        data_name=DATA_NAME,
        million_parameters=config.shape.num_parameters / 1e6,
        num_parameters=config.shape.num_parameters,
        num_embedding_parameters=config.shape.vocab_size * config.shape.width,
        million_tokens=facts.num_tokens / 1e6,
        megabytes=sum(source.num_bytes for source in train) / 1e6,
        num_projects=len(train),
        held_out_names=", ".join(f"{source.name} {source.version}" for source in held_out),
        anchored_share=_anchored_share(config),
        ablations=_ABLATIONS.read_text(encoding="utf-8"),
        outcomes=outcome_table(read_outcomes()),
    )


def data_text(sources: Sequence[Source]) -> str:
    """The table of projects that were trained on, and of those held out."""
    train = (source for source in sources if source.split == "train")
    held_out = (source for source in sources if source.split == "held_out")
    head = (
        "# Training data of bantam-embedded\n\n"
        "Written by `scripts/train_embedded_model card`.\n"
        "Licences are quoted from each package's own metadata; sizes are after filtering.\n\n"
    )
    held_out_title = "\n## Held out, for measuring only\n\n"
    return head + "## Trained on\n\n" + _table(train) + held_out_title + _table(held_out)


def write_card(facts: RunFacts, sources: Sequence[Source], folder: Path) -> None:
    """Write both pages into a folder."""
    (folder / CARD_NAME).write_text(card_text(facts, sources), encoding="utf-8")
    (folder / DATA_NAME).write_text(data_text(sources), encoding="utf-8")


def _table(sources: Iterable[Source]) -> str:
    rows = [
        f"| {_name(source)} | {source.version} | {source.licence} | {source.num_files:,}"
        f" | {source.num_bytes:,} |\n"
        for source in sorted(sources, key=lambda s: (s.name != STANDARD_LIBRARY, s.name.lower()))
    ]
    return _TABLE_HEAD + "".join(rows)


def _other_row(results: Results) -> str:
    """A row of the card's table: how often something else has single lines right."""
    score = results.scores[Kind.LINE.value]
    return (
        f"| {results.title} | {score.exact_match:.1%} "
        f"({score.low:.1%} to {score.high:.1%}; {score.num_cases:,} lines) |\n"
    )


def _commands(facts: RunFacts) -> str:
    """Every command behind the weights; `RUN` in one is the folder of the one before it."""
    commands = (*facts.config.earlier_commands, facts.training_command)
    return ", then ".join(f"`{command}`" for command in commands)


def _name(source: Source) -> str:
    return source.name if source.registry == "pypi" else f"{source.name} ({source.registry})"


def _anchored_share(config: RunConfig) -> float:
    fim = config.fim
    anchored = fim.line_weight + fim.lines_weight
    others = fim.rest_of_line_weight + fim.rest_of_lines_weight + fim.characters_weight
    return anchored / (anchored + others)
