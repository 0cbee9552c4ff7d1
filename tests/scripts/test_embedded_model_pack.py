"""Rows of training tokens."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

pytest.importorskip("tokenizers", reason="the training packages are not installed")

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.config import FimConfig
from scripts.embedded_model.fim import Hole
from scripts.embedded_model.pack import (
    IGNORED_LABEL,
    RowPacker,
    WindowStream,
    encode_hole,
    encode_plain,
)
from scripts.embedded_model.tokenizer import MARKERS, Vocabulary, train_vocabulary

TEXT = Path(__file__).read_text(encoding="utf-8")
FILES = [SourceFile("train", "p", f"pkg/m{i}.py", f"# {i}\n{TEXT}") for i in range(3)]


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.json"
    return train_vocabulary(iter([TEXT]), 256 + len(MARKERS) + 150, path)


def test_every_text_comes_back(vocabulary: Vocabulary) -> None:
    text = "tabs\t\r\n世界 🎉 \x00 é \u3000 <｜fim▁end｜> 12345\n    x"
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_markers_in_text_stay_text(vocabulary: Vocabulary) -> None:
    first_marker = vocabulary.size - len(MARKERS)
    assert all(token < first_marker for marker in MARKERS for token in vocabulary.encode(marker))


def test_the_layout_is_prefix_suffix_middle(vocabulary: Vocabulary) -> None:
    markers = vocabulary.markers
    ids = encode_hole(Hole("a = 1\n", "b = 2", "\nc = 3\n"), "#m.py\n", 1000, vocabulary)
    assert ids == [
        markers.begin_of_text,
        markers.fim_begin,
        *vocabulary.encode("#m.py\n"),
        *vocabulary.encode("a = 1\n"),
        markers.fim_hole,
        *vocabulary.encode("\nc = 3\n"),
        markers.fim_end,
        *vocabulary.encode("b = 2"),
        markers.end_of_text,
    ]


@pytest.mark.parametrize("max_tokens", [60, 90, 200])
def test_too_long_a_hole_loses_its_far_ends_only(vocabulary: Vocabulary, max_tokens: int) -> None:
    hole = Hole("first line\n" * 40 + "before\n", "middle()", "\nafter" + "\nlast line" * 40)
    ids = encode_hole(hole, "", max_tokens, vocabulary)
    assert len(ids) == max_tokens
    assert ids[-1] == vocabulary.markers.end_of_text
    hole_at, end_at = (
        ids.index(m) for m in (vocabulary.markers.fim_hole, vocabulary.markers.fim_end)
    )
    assert vocabulary.decode(ids[end_at + 1 : -1]) == "middle()"
    assert hole.prefix.endswith(vocabulary.decode(ids[2:hole_at]))
    assert hole.suffix.startswith(vocabulary.decode(ids[hole_at + 1 : end_at]))


def test_plain_text_ends_with_the_marker_only_when_whole(vocabulary: Vocabulary) -> None:
    end = vocabulary.markers.end_of_text
    assert encode_plain("x = 1\n", 100, vocabulary)[-1] == end
    assert encode_plain(TEXT, 100, vocabulary)[-1] != end


def test_windows_cover_a_file_in_order_and_begin_again() -> None:
    text = FILES[0].text
    stream = WindowStream(FILES[:1], Random(1))
    read = ""
    while len(read) < 2 * len(text):
        path, window = stream.next_window(500)
        assert path == "pkg/m0.py"
        assert window.endswith("\n")
        read += window
    assert read == text * 2


def test_rows_have_shifted_labels_and_ignored_padding(vocabulary: Vocabulary) -> None:
    packer = RowPacker(WindowStream(FILES, Random(1)), vocabulary, FimConfig(), Random(2))
    ids, labels = packer.rows(6, 512)
    assert ids.shape == labels.shape == (6, 512)
    real = labels[:, :-1] != IGNORED_LABEL
    assert (labels[:, :-1] == ids[:, 1:])[real].all()
    assert (ids[:, 0] == vocabulary.markers.begin_of_text).all()
    assert real.mean() > 0.8


def test_the_same_seeds_give_the_same_rows(vocabulary: Vocabulary) -> None:
    def rows() -> list[list[int]]:
        windows = WindowStream(FILES, Random(1))
        packer = RowPacker(windows, vocabulary, FimConfig(), Random(2))
        return packer.rows(3, 256)[0].tolist()

    assert rows() == rows()
