"""Rows for a step: packed when asked for, or ahead of time by other processes.

A CPU trains so slowly that packing costs nothing; a GPU would wait for it.  Rows of other processes
come in no fixed order, so such a run repeats in its statistics only.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from random import Random
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .collect import SourceFile
from .config import FimConfig
from .pack import RowPacker
from .tokenizer import Vocabulary

Rows = tuple[NDArray[np.int64], NDArray[np.int64]]

_AHEAD_PER_WORKER = 3


@dataclass(frozen=True, slots=True)
class RowShape:
    """How many rows, and how long."""

    num_rows: int
    row_tokens: int


class RowFeed(Protocol):
    """Where a trainer gets its rows from."""

    def next_rows(self) -> Rows:
        """Inputs and labels of a micro-batch; its shape is what `draw_shape` gave."""
        ...

    def close(self) -> None:
        """End helper processes."""
        ...


class PackingFeed:
    """Packs in this process."""

    def __init__(self, packer: RowPacker, draw_shape: Callable[[], RowShape]) -> None:
        self._packer = packer
        self._draw_shape = draw_shape

    def next_rows(self) -> Rows:
        """Pack now."""
        shape = self._draw_shape()
        return self._packer.rows(shape.num_rows, shape.row_tokens)

    def close(self) -> None:
        """Nothing to end."""


class ProcessFeed:
    """Packs ahead in other processes."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        vocabulary: Vocabulary,
        fim: FimConfig,
        num_workers: int,
        draw_shape: Callable[[], RowShape],
        seed: int,
    ) -> None:
        """Start the processes; each works with random numbers of its own, begun from `seed`."""
        context = multiprocessing.get_context("spawn")
        seeds = context.SimpleQueue()
        for worker in range(num_workers):
            seeds.put(seed + worker)
        self._pool = ProcessPoolExecutor(
            num_workers, context, _begin_worker, (list(files), vocabulary, fim, seeds)
        )
        self._draw_shape = draw_shape
        self._waiting: deque[Future[Rows]] = deque()
        for _ in range(num_workers * _AHEAD_PER_WORKER):
            self._ask()

    def next_rows(self) -> Rows:
        """The oldest rows asked for; asks for more."""
        self._ask()
        return self._waiting.popleft().result()

    def close(self) -> None:
        """End the processes; rows that they have packed are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self) -> None:
        shape = self._draw_shape()
        self._waiting.append(self._pool.submit(_pack, shape.num_rows, shape.row_tokens))


class _Worker:
    """What a helper process keeps."""

    packer: RowPacker | None = None


def _begin_worker(
    files: Sequence[SourceFile],
    vocabulary: Vocabulary,
    fim: FimConfig,
    seeds: SimpleQueue[int],
) -> None:
    rng = Random(seeds.get())
    _Worker.packer = RowPacker(files, vocabulary, fim, rng)


def _pack(num_rows: int, row_tokens: int) -> Rows:
    assert _Worker.packer is not None, "the worker was not begun"
    return _Worker.packer.rows(num_rows, row_tokens)


def make_feed(
    files: Sequence[SourceFile],
    vocabulary: Vocabulary,
    fim: FimConfig,
    num_workers: int,
    draw_shape: Callable[[], RowShape],
    rng: Random,
) -> RowFeed:
    """The feed for a number of helper processes; 0 packs in this one."""
    if num_workers:
        seed = rng.randrange(2**31)
        return ProcessFeed(files, vocabulary, fim, num_workers, draw_shape, seed)
    return PackingFeed(RowPacker(files, vocabulary, fim, rng), draw_shape)
