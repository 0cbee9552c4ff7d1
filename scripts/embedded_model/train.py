"""The training loop: as many steps as the budget holds, from which it can go on later.

A run lives in one folder: `config.json`, `tokenizer.json`, `checkpoint.pt`, `log.jsonl`, and
`stable.pt`, the last state before the rates fell: copied over `checkpoint.pt`, with more `minutes`,
it lets the run go on as if it had been meant to be longer.  A run may also begin where a finished
one ended, its rates rising and falling once more.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from .collect import SourceFile
from .config import CHECKPOINT_NAME, LOG_NAME, STABLE_NAME, RunConfig
from .feed import RowFeed, RowShape, make_feed
from .measure_loss import measure_held_out_loss
from .network import Network
from .optimize import Optimizers
from .positions import draw_positions
from .progress import LogEntry, ProgressLine, append_log
from .schedule import is_decaying, rate_factor, row_tokens_at
from .scores import HeldOutLoss
from .tokenizer import Vocabulary

_SMOOTHING = 0.98
_QUICK_HELD_OUT_ROWS = 16


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
        self._began = Position()
        self.device = choose_device(config.train.device)
        torch.manual_seed(config.train.seed)
        # Numbers too small for the usual format slow a CPU down a hundredfold.
        torch.set_flush_denormal(True)
        self.network = Network(config.shape).to(self.device)
        self._optimizers = Optimizers(self.network, config.train)
        self._folder = folder
        self._is_stopping = False

    def try_resume(self) -> bool:
        """Go on from the folder's checkpoint; whether there was one."""
        if not (self._folder / CHECKPOINT_NAME).exists():
            return False
        self._load(self._folder / CHECKPOINT_NAME)
        return True

    def begin_after(self, run: Path) -> None:
        """Begin where a finished run ended, with the whole budget before it.

        Position and log count on, so that they tell of all the training behind the weights.
        """
        self._load(run / CHECKPOINT_NAME)
        self._began = replace(self.position)
        shutil.copyfile(run / LOG_NAME, self._folder / LOG_NAME)

    def _load(self, checkpoint: Path) -> None:
        state = torch.load(checkpoint, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self._optimizers.load_state_dict(state["optimizers"])
        self.position = Position(**state["position"])
        self._began = Position(**state["began"])

    def run(
        self,
        train_files: Sequence[SourceFile],
        held_out_files: Sequence[SourceFile],
        vocabulary: Vocabulary,
    ) -> HeldOutLoss | None:
        """Train until the budget or a piece of it is spent, or until `stop`.

        Returns:
            The held-out loss of all files; `None` where the run has to be resumed.
        """
        rng = Random(self.config.train.seed + self.position.step)
        train = self.config.train

        def draw_shape() -> RowShape:
            context_tokens = self.config.shape.context_tokens
            row_tokens = row_tokens_at(self.progress, rng.random(), train, context_tokens)
            return RowShape(max(1, train.micro_batch_tokens // row_tokens), row_tokens)

        source = (train_files, vocabulary, self.config.fim, train.packers, draw_shape, rng)
        with (
            torch.compiler.set_stance("default" if train.compile else "force_eager"),
            contextlib.closing(make_feed(*source)) as feed,
        ):
            self._spend(feed, held_out_files, vocabulary, rng)
        self.save()
        if self.progress < 1.0:
            return None
        return measure_held_out_loss(self.network, held_out_files, vocabulary)

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 1 or a little more at the end."""
        train = self.config.train
        if train.max_tokens:
            return (self.position.num_tokens - self._began.num_tokens) / train.max_tokens
        return (self.position.seconds - self._began.seconds) / (train.minutes * 60)

    def _spend(
        self,
        feed: RowFeed,
        held_out_files: Sequence[SourceFile],
        vocabulary: Vocabulary,
        rng: Random,
    ) -> None:
        """Take steps until the budget, or a piece of it, is spent."""
        train = self.config.train
        end_of_piece = self.position.seconds + (train.piece_minutes * 60 or math.inf)
        line = ProgressLine(self._began.num_tokens, self._began.seconds)
        smooth_loss: float | None = None
        saved_at = self.position.seconds
        is_stable = not is_decaying(self.progress, train)
        while self.progress < 1.0 and not self._is_stopping:
            if self.position.seconds >= end_of_piece:
                return
            if is_stable and is_decaying(self.progress, train):
                is_stable = False
                self.save(STABLE_NAME)
            loss = self._step(feed, rng)
            if not math.isfinite(loss):
                raise ArithmeticError(f"step {self.position.step}: loss is {loss}; lower the rates")
            last = loss if smooth_loss is None else smooth_loss
            smooth_loss = _SMOOTHING * last + (1 - _SMOOTHING) * loss
            held_out: float | None = None
            if self.position.seconds - saved_at > train.checkpoint_seconds:
                saved_at = self.position.seconds
                self.save()
                quick = held_out_files[:_QUICK_HELD_OUT_ROWS]
                held_out = measure_held_out_loss(self.network, quick, vocabulary).nats_per_token
            position = self.position
            entry = LogEntry(position.step, position.seconds, position.num_tokens, loss, held_out)
            append_log(entry, self._folder / LOG_NAME)
            line.show(entry, smooth_loss, self.progress)

    def stop(self) -> None:
        """Make `run` save and return after the step that it is in; for signal handlers."""
        self._is_stopping = True

    def save(self, name: str = CHECKPOINT_NAME) -> None:
        """Write a checkpoint; an interrupted write leaves the former one."""
        state = {
            "network": self.network.state_dict(),
            "optimizers": self._optimizers.state_dict(),
            "position": asdict(self.position),
            "began": asdict(self._began),
        }
        path = self._folder / name
        aside = path.with_suffix(".part")
        torch.save(state, aside)
        aside.replace(path)

    def _step(self, feed: RowFeed, rng: Random) -> float:
        """One optimizer step; returns the mean loss of its batch and moves the position."""
        started = self._clock()
        train = self.config.train
        factor = rate_factor(self.progress, train)
        num_micro = max(1, train.batch_tokens // train.micro_batch_tokens)
        total = torch.zeros((), device=self.device)
        for _ in range(num_micro):
            ids, labels = feed.next_rows()
            row_tokens = ids.shape[1]
            inputs = torch.from_numpy(ids).to(self.device, non_blocking=True)
            targets = torch.from_numpy(labels).to(self.device, non_blocking=True)
            positions = self._positions(row_tokens, rng)
            with torch.autocast(self.device.type, torch.bfloat16):
                loss = self.network.loss(inputs, targets, positions) / num_micro
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
            self.position.num_tokens += ids.size
        self._optimizers.step(factor)
        mean = float(total)
        self.position.step += 1
        self.position.seconds += self._clock() - started
        return mean

    def _positions(self, row_tokens: int, rng: Random) -> Tensor:
        """Positions of a row's tokens, with jumps at the configured rate."""
        if rng.random() < self.config.train.skip_rate:
            drawn = draw_positions(row_tokens, self.config.shape.context_tokens, rng)
            return torch.from_numpy(drawn).to(self.device)
        return torch.arange(row_tokens, device=self.device)


def choose_device(name: str) -> torch.device:
    """The device named; `auto` takes a GPU if there is one."""
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
