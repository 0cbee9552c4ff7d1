"""Rows of training tokens."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

pytest.importorskip("tokenizers", reason="the training packages are not installed")

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.config import FimConfig
from scripts.embedded_model.pack import IGNORED_LABEL, RowPacker, WindowStream
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


def test_windows_cover_a_file_in_order_and_begin_again() -> None:
    text = FILES[0].text
    stream = WindowStream(FILES[:1], Random(1))
    read = ""
    while len(read) < 2 * len(text):
        file, window = stream.next_window(500)
        assert file.path == "pkg/m0.py"
        assert window.endswith("\n")
        read += window
    assert read == text * 2


def test_rows_have_shifted_labels_and_ignored_padding(vocabulary: Vocabulary) -> None:
    packer = RowPacker(FILES, vocabulary, FimConfig(), Random(2))
    ids, labels = packer.rows(6, 512)
    assert ids.shape == labels.shape == (6, 512)
    real = labels[:, :-1] != IGNORED_LABEL
    assert (labels[:, :-1] == ids[:, 1:])[real].all()
    assert (ids[:, 0] == vocabulary.markers.begin_of_text).all()
    assert real.mean() > 0.8


def test_the_same_seeds_give_the_same_rows(vocabulary: Vocabulary) -> None:
    def rows() -> list[list[int]]:
        packer = RowPacker(FILES, vocabulary, FimConfig(), Random(2))
        return packer.rows(3, 256)[0].tolist()

    assert rows() == rows()


def test_long_rows_begin_with_other_files_of_the_project(vocabulary: Vocabulary) -> None:
    helper = SourceFile("train", "p", "pkg/helper.py", "def assist(a, b):\n    return a\n")
    text = "from pkg.helper import assist\n" + TEXT
    files = [SourceFile("train", "p", f"pkg/user{i}.py", text) for i in range(3)] + [helper]
    config = FimConfig(cross_file_rate=1.0)
    row = RowPacker(files, vocabulary, config, Random(1)).rows(1, 4096)[0][0].tolist()
    separator = vocabulary.markers.file_separator
    assert separator in row
    start = vocabulary.decode(row[1 : row.index(separator)])
    assert "# pkg/helper.py\ndef assist(a, b):" in start
