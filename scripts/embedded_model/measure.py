"""Measure a run's exported file and checkpoint on the held-out projects, and keep the result."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from .checkpoint import Checkpoint
from .collect import SourceFile
from .evaluate import HoleResult, describe, evaluate_lines
from .holes import choose_holes
from .measure_loss import measure_held_out_loss
from .network import Network
from .scores import ExactMatch, HeldOutLoss

RESULT_NAME = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured, on what, and how."""

    loss: HeldOutLoss
    exact_match: ExactMatch
    seed: int
    command: str


def evaluate_run(
    checkpoint: Checkpoint,
    model: Path,
    files: Sequence[SourceFile],
    num_holes: int,
    seed: int,
    command: str,
) -> tuple[Evaluation, list[HoleResult]]:
    """Loss of the checkpoint's network and exact match of the GGUF file."""
    network = Network(checkpoint.config.shape)
    tensors = {name: torch.from_numpy(weight) for name, weight in checkpoint.weights.items()}
    network.load_state_dict(tensors)
    loss = measure_held_out_loss(network, files, checkpoint.vocabulary)
    holes = choose_holes(files, num_holes, seed)
    score, results = evaluate_lines(model, holes, os.cpu_count() or 1)
    return Evaluation(loss, score, seed, command), results


def write_evaluation(evaluation: Evaluation, results: Sequence[HoleResult], run: Path) -> None:
    """Keep the scores and every hole's result in the run's folder."""
    record = {**asdict(evaluation), "holes": [describe(result) for result in results]}
    (run / RESULT_NAME).write_text(json.dumps(record, indent=1), encoding="utf-8")


def read_evaluation(run: Path) -> Evaluation:
    """Read the scores back."""
    record: dict[str, Any] = json.loads((run / RESULT_NAME).read_text(encoding="utf-8"))
    return Evaluation(
        HeldOutLoss(**record["loss"]),
        ExactMatch(**record["exact_match"]),
        record["seed"],
        record["command"],
    )
