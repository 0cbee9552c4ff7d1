"""Quick measures of a network, against networks whose answers are known."""

# What needs the training packages is imported after asking for them.
# ruff: noqa: E402

from __future__ import annotations

from pathlib import Path

import pytest

MISSING = "the training packages are not installed"
torch = pytest.importorskip("torch", reason=MISSING)
torch.set_num_threads(1)
pytest.importorskip("tokenizers", reason=MISSING)

from torch import Tensor

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.config import ModelShape
from scripts.embedded_model.holes import choose_holes
from scripts.embedded_model.measure_copying import measure_copying
from scripts.embedded_model.measure_lines import measure_lines
from scripts.embedded_model.network import Network
from scripts.embedded_model.tokenizer import Vocabulary, train_vocabulary

TEXT = Path(__file__).read_text(encoding="utf-8")
FILES = [SourceFile("held_out", "p", "m.py", TEXT)]
SHAPE = ModelShape(
    vocab_size=320,
    context_tokens=4_096,
    num_layers=1,
    width=320,
    feed_forward_width=64,
    num_heads=5,
    num_kv_heads=5,
)


class Oracle(Network):
    """Says of each row what stands `ahead` tokens further on, and is sure of it from `start` on.

    What follows on the row it takes for `last`.
    """

    def __init__(self, ahead: int, start: int = 0, last: int = 0) -> None:
        super().__init__(SHAPE)
        self._ahead = ahead
        self._start = start
        self._last = last
        self.rows: list[list[int]] = []
        torch.nn.init.eye_(self.token_embd.weight)

    def hidden(self, ids: Tensor, positions: Tensor | None = None) -> Tensor:
        """One column for each token of the vocabulary."""
        del positions
        self.rows.append(ids[0].tolist())
        answer = ids.roll(-self._ahead, dims=1)
        answer[:, -1] = self._last
        states = 20.0 * torch.nn.functional.one_hot(answer, SHAPE.vocab_size).float()
        states[:, : self._start] = 0.0
        return states


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    return train_vocabulary(iter([TEXT]), SHAPE.vocab_size, tmp_path / "tokenizer.json")


def test_who_copies_pays_only_once(vocabulary: Vocabulary) -> None:
    # What comes next stood 399 tokens before, once everything was said.
    found = measure_copying(Oracle(ahead=-399, start=400), FILES, vocabulary)
    assert found.once > 5.0
    assert found.twice < 0.1  # It has the last token wrong.


def test_short_files_say_nothing_of_copying(vocabulary: Vocabulary) -> None:
    short = [SourceFile("held_out", "p", "m.py", "pass\n")]
    with pytest.raises(ValueError, match="no file has 400 tokens"):
        measure_copying(Oracle(ahead=1), short, vocabulary)


def test_lines_are_asked_for_after_their_indentation(vocabulary: Vocabulary) -> None:
    holes = choose_holes(FILES, 20, seed=1)
    assert len(holes) > 4
    knows = Oracle(ahead=1, last=vocabulary.markers.end_of_text)
    score = measure_lines(knows, holes, vocabulary)
    assert score.exact == 1.0
    assert score.bits_per_char < 0.01
    (line_feed,) = vocabulary.encode("\n")
    assert measure_lines(Oracle(ahead=1, last=line_feed), holes, vocabulary).exact == 1.0
    assert measure_lines(Oracle(ahead=1, last=line_feed + 1), holes, vocabulary).exact == 0.0
    assert score.num_lines == len(holes)
    assert measure_lines(Oracle(ahead=2), holes, vocabulary).exact == 0.0
    for row, hole in zip(knows.rows, holes, strict=True):
        asked = vocabulary.decode(row)
        assert asked.endswith(hole.indent + hole.expected)
