"""The training loop: as many steps as the time budget holds, from which it can go on later.

A run lives in one folder: `config.json`, `tokenizer.json`, `checkpoint.pt`, `log.jsonl`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from .collect import SourceFile
from .config import RunConfig
from .measure_loss import measure_held_out_loss
from .network import Network
from .optimize import Optimizers
from .pack import RowPacker, WindowStream
from .progress import LogEntry, ProgressLine, append_log
from .schedule import rate_factor, row_tokens_at
from .scores import HeldOutLoss
from .tokenizer import Vocabulary

CHECKPOINT_NAME = "checkpoint.pt"
LOG_NAME = "log.jsonl"

_SMOOTHING = 0.98
_QUICK_HELD_OUT_ROWS = 24


@dataclass(slots=True)
class Position:
    """How far a run has come."""

    step: int = 0
    num_tokens: int = 0
    seconds: float = 0.0


class Trainer:
    """One run's network, optimizers and position."""

    def __init__(
        self, config: RunConfig, folder: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.config = config
        self._clock = clock
        self.position = Position()
        self.device = choose_device(config.train.device)
        torch.manual_seed(config.train.seed)
        self.network = Network(config.shape).to(self.device)
        self._optimizers = Optimizers(self.network, config.train)
        self._folder = folder
        loss: Callable[[Tensor, Tensor], Tensor] = self.network.loss
        self._loss = torch.compile(loss) if config.train.compile else loss

    def try_resume(self) -> bool:
        """Go on from the folder's checkpoint; whether there was one."""
        path = self._folder / CHECKPOINT_NAME
        if not path.exists():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self._optimizers.load_state_dict(state["optimizers"])
        self.position = Position(**state["position"])
        return True

    def run(
        self,
        train_files: Sequence[SourceFile],
        held_out_files: Sequence[SourceFile],
        vocabulary: Vocabulary,
    ) -> HeldOutLoss:
        """Train until the budget is spent; returns the last held-out loss, of all files."""
        rng = Random(self.config.train.seed + self.position.step)
        windows = WindowStream(train_files, rng)
        packer = RowPacker(windows, vocabulary, self.config.fim, rng)
        budget = self.config.train.minutes * 60
        line = ProgressLine(budget)
        smooth_loss: float | None = None
        saved_at = self.position.seconds
        while self.position.seconds < budget:
            loss = self._step(packer, self.position.seconds / budget)
            if not math.isfinite(loss):
                raise ArithmeticError(f"step {self.position.step}: loss is {loss}; lower the rates")
            last = loss if smooth_loss is None else smooth_loss
            smooth_loss = _SMOOTHING * last + (1 - _SMOOTHING) * loss
            held_out: float | None = None
            if self.position.seconds - saved_at > self.config.train.checkpoint_seconds:
                saved_at = self.position.seconds
                self.save()
                quick = held_out_files[:_QUICK_HELD_OUT_ROWS]
                held_out = measure_held_out_loss(self.network, quick, vocabulary).nats_per_token
            position = self.position
            entry = LogEntry(position.step, position.seconds, position.num_tokens, loss, held_out)
            append_log(entry, self._folder / LOG_NAME)
            line.show(entry, smooth_loss)
        self.save()
        return measure_held_out_loss(self.network, held_out_files, vocabulary)

    def save(self) -> None:
        """Write the checkpoint; an interrupted write leaves the former one."""
        state = {
            "network": self.network.state_dict(),
            "optimizers": self._optimizers.state_dict(),
            "position": {
                "step": self.position.step,
                "num_tokens": self.position.num_tokens,
                "seconds": self.position.seconds,
            },
        }
        path = self._folder / CHECKPOINT_NAME
        aside = path.with_suffix(".part")
        torch.save(state, aside)
        aside.replace(path)

    def _step(self, packer: RowPacker, progress: float) -> float:
        """One optimizer step; returns the mean loss of its batch and moves the position."""
        started = self._clock()
        train = self.config.train
        row_tokens = row_tokens_at(progress, train, self.config.shape.context_tokens)
        micro_rows = max(1, train.micro_batch_tokens // row_tokens)
        num_micro = max(1, train.batch_tokens // (micro_rows * row_tokens))
        total = 0.0
        for _ in range(num_micro):
            ids, labels = packer.rows(micro_rows, row_tokens)
            inputs = torch.from_numpy(ids).to(self.device)
            targets = torch.from_numpy(labels).to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                loss = self._loss(inputs, targets) / num_micro
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        self._optimizers.step(rate_factor(progress, train))
        self.position.step += 1
        self.position.num_tokens += num_micro * micro_rows * row_tokens
        self.position.seconds += self._clock() - started
        return total


def choose_device(name: str) -> torch.device:
    """The device named; `auto` takes a GPU if there is one."""
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
