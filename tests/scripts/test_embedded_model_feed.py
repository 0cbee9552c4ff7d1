"""Rows that other processes pack."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

pytest.importorskip("tokenizers", reason="the training packages are not installed")

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.config import FimConfig
from scripts.embedded_model.feed import RowShape, make_feed
from scripts.embedded_model.tokenizer import MARKERS, train_vocabulary

TEXT = Path(__file__).read_text(encoding="utf-8")
FILES = [SourceFile("train", "p", f"m{i}.py", TEXT) for i in range(3)]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_rows_have_the_shapes_that_were_drawn(num_workers: int, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    vocabulary = train_vocabulary(iter([TEXT]), 256 + len(MARKERS) + 50, path)
    rng = Random(1)
    lengths: list[int] = []

    def draw_shape() -> RowShape:
        lengths.append(rng.choice([128, 256]))
        return RowShape(2, lengths[-1])

    feed = make_feed(FILES, vocabulary, FimConfig(), num_workers, draw_shape, rng)
    try:
        shapes = [feed.next_rows()[0].shape for _ in range(6)]
    finally:
        feed.close()
    assert shapes == [(2, length) for length in lengths[:6]]
