"""Read a run's folder for export and measuring: configuration, vocabulary, weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .config import CHECKPOINT_NAME, CONFIG_NAME, TOKENIZER_NAME, RunConfig, read_config
from .tokenizer import Vocabulary, read_vocabulary


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network as trained so far; `seconds` are of training."""

    config: RunConfig
    vocabulary: Vocabulary
    weights: dict[str, NDArray[np.float32]]
    num_steps: int
    num_tokens: int
    seconds: float


def read_checkpoint(run: Path) -> Checkpoint:
    """Read a run's latest checkpoint."""
    state: dict[str, Any] = torch.load(run / CHECKPOINT_NAME, map_location="cpu", weights_only=True)
    position = state["position"]
    return Checkpoint(
        config=read_config(run / CONFIG_NAME),
        vocabulary=read_vocabulary(run / TOKENIZER_NAME),
        weights={name: tensor.float().numpy() for name, tensor in state["network"].items()},
        num_steps=position["step"],
        num_tokens=position["num_tokens"],
        seconds=position["seconds"],
    )
