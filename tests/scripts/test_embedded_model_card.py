"""The card and the table of data."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from scripts.embedded_model.card import CARD_NAME, DATA_NAME, RunFacts, write_card
from scripts.embedded_model.collect import STANDARD_LIBRARY, Source
from scripts.embedded_model.config import RunConfig
from scripts.embedded_model.evaluation.cases import Kind
from scripts.embedded_model.evaluation.results import Results
from scripts.embedded_model.evaluation.scoring import Score
from scripts.embedded_model.plot import loss_plot
from scripts.embedded_model.progress import LogEntry, append_log, read_log
from scripts.embedded_model.scores import HeldOutLoss

SOURCES = [
    Source("held_out", "httpx", "0.28.1", "BSD-3-Clause", 20, 300_000),
    Source("train", "flask", "3.1.3", "BSD-3-Clause", 10, 200_000),
    Source("train", STANDARD_LIBRARY, "3.13.0", "PSF-2.0", 30, 1_800_000),
]
FACTS = RunFacts(
    config=RunConfig(),
    file_name="bantam-embedded-q8_0.gguf",
    num_steps=100,
    num_tokens=1_234_567,
    seconds=3600.0,
    hardware="2 x86_64 CPU cores, no GPU",
    training_command="scripts/train_embedded_model --minutes 60",
    results=Results(
        title="embedded model",
        scores={Kind.LINE.value: Score(200, 30, 0.107, 0.206, 0.5, 0.9)},
        loss=HeldOutLoss(2.5, 1.1, 1000, 3400),
        command="scripts/eval_embedded_model",
    ),
)


def test_the_card_tells_what_was_measured(tmp_path: Path) -> None:
    write_card(FACTS, SOURCES, tmp_path)
    card = (tmp_path / CARD_NAME).read_text(encoding="utf-8")
    for fact in ("15.0% (30 of 200", "2.500 nats/token", "3,600 s", "1,234,567", "httpx 0.28.1"):
        assert fact in card
    assert "2.0 MB of source, nine tenths of it Python, from 2 projects" in card


def test_the_card_gives_the_commands_of_all_runs_in_their_order(tmp_path: Path) -> None:
    config = RunConfig(earlier_commands=("train_first", "train_second"))
    write_card(replace(FACTS, config=config), SOURCES, tmp_path)
    card = (tmp_path / CARD_NAME).read_text(encoding="utf-8")
    last = FACTS.training_command
    assert f"| command | `train_first`, then `train_second`, then `{last}` |" in card


def test_the_card_shows_what_is_simpler_and_better(tmp_path: Path) -> None:
    copying = Results(
        title="copying from the document",
        scores={Kind.LINE.value: Score(200, 40, 0.15, 0.26, 0.4, 0.7)},
    )
    write_card(replace(FACTS, others=(copying,)), SOURCES, tmp_path)
    card = (tmp_path / CARD_NAME).read_text(encoding="utf-8")
    assert "| copying from the document | 20.0% (15.0% to 26.0%; 200 lines) |" in card


def test_the_table_lists_every_project_under_its_use(tmp_path: Path) -> None:
    write_card(FACTS, SOURCES, tmp_path)
    trained, held_out = (tmp_path / DATA_NAME).read_text(encoding="utf-8").split("## Held out")
    assert trained.index(STANDARD_LIBRARY) < trained.index("| flask | 3.1.3 | BSD-3-Clause |")
    assert "httpx" in held_out
    assert "httpx" not in trained


def test_a_log_is_read_back(tmp_path: Path) -> None:
    entries = [LogEntry(1, 2.0, 100, 9.0), LogEntry(2, 4.0, 200, 8.5, held_out_loss=8.7)]
    for entry in entries:
        append_log(entry, tmp_path / "log.jsonl")
    assert read_log(tmp_path / "log.jsonl") == entries
    assert json.loads((tmp_path / "log.jsonl").read_text().split("\n")[0])["loss"] == 9.0


def test_the_plot_is_small_and_has_a_dot_for_each_held_out_loss() -> None:
    entries = [
        LogEntry(i, float(i), i * 8192, 9.0 - i / 500, 8.0 if i % 500 == 0 else None)
        for i in range(1, 2001)
    ]
    text = loss_plot(entries)
    assert len(text) < 10_000
    assert len(ET.fromstring(text).findall("{http://www.w3.org/2000/svg}circle")) == 4
