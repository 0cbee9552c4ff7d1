"""In which order a hole's parts become tokens."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

pytest.importorskip("tokenizers", reason="the training packages are not installed")

from scripts.embedded_model.config import FimConfig
from scripts.embedded_model.fim import Hole
from scripts.embedded_model.layout import Layout, choose_layout, encode_hole, encode_plain
from scripts.embedded_model.tokenizer import MARKERS, Vocabulary, train_vocabulary

TEXT = Path(__file__).read_text(encoding="utf-8")
HOLE = Hole("a = 1\n    b", " = 2", "\nc = 3\n")


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.json"
    return train_vocabulary(iter([TEXT]), 256 + len(MARKERS) + 150, path)


def test_suffix_first_lets_the_middle_go_on_where_the_prefix_ends(vocabulary: Vocabulary) -> None:
    markers, encode = vocabulary.markers, vocabulary.encode
    head = encode("# m.py\n")
    assert encode_hole(HOLE, Layout(), head, 1000, vocabulary) == [
        markers.begin_of_text,
        *head,
        markers.fim_hole,
        *encode("\nc = 3\n"),
        markers.fim_begin,
        *encode("a = 1\n"),
        *encode("    b = 2"),
        markers.end_of_text,
    ]


def test_deepseeks_order_has_the_tail_behind_the_end_marker(vocabulary: Vocabulary) -> None:
    markers, encode = vocabulary.markers, vocabulary.encode
    head = encode("# m.py\n")
    layout = Layout(is_suffix_first=False, num_tail_chars=5, is_split=True)
    assert encode_hole(HOLE, layout, head, 1000, vocabulary) == [
        markers.begin_of_text,
        markers.fim_begin,
        *head,
        *encode("a = 1\n"),
        markers.fim_hole,
        *encode("\nc = 3\n"),
        markers.fim_end,
        *encode("    b"),
        *encode(" = 2"),
        markers.end_of_text,
    ]


@pytest.mark.parametrize("is_suffix_first", [False, True])
@pytest.mark.parametrize("max_tokens", [60, 90, 200])
def test_too_long_a_hole_loses_its_far_ends_only(
    vocabulary: Vocabulary, max_tokens: int, is_suffix_first: bool
) -> None:
    hole = Hole("first line\n" * 40 + "before\n", "middle()", "\nafter" + "\nlast line" * 40)
    ids = encode_hole(hole, Layout(is_suffix_first), [], max_tokens, vocabulary)
    assert max_tokens - 1 <= len(ids) <= max_tokens
    assert ids[-1] == vocabulary.markers.end_of_text
    texts = {"begin": "", "hole": "", "end": ""}
    names = {
        vocabulary.markers.fim_begin: "begin",
        vocabulary.markers.fim_hole: "hole",
        vocabulary.markers.fim_end: "end",
    }
    current = ""
    for token in ids[1:-1]:
        if token in names:
            current = names[token]
        else:
            texts[current] += vocabulary.decode([token])
    middle = texts["begin"] if is_suffix_first else texts["end"]
    assert middle.endswith("middle()")
    assert (hole.prefix + hole.middle).endswith(texts["begin"] + texts["end"])
    assert hole.suffix.startswith(texts["hole"])


def test_plain_text_ends_with_the_marker_only_when_whole(vocabulary: Vocabulary) -> None:
    end = vocabulary.markers.end_of_text
    assert encode_plain([], "x = 1\n", 100, vocabulary)[-1] == end
    assert encode_plain([], TEXT, 100, vocabulary)[-1] != end


def test_layouts_come_in_the_configured_shares() -> None:
    config = FimConfig(psm_share=0.4, anchored_share=0.5)
    layouts = [choose_layout(HOLE, config, Random(seed)) for seed in range(2000)]
    psm = [layout for layout in layouts if not layout.is_suffix_first]
    assert len(psm) / 2000 == pytest.approx(0.4, abs=0.05)
    anchored = [layout for layout in psm if layout.num_tail_chars]
    assert len(anchored) / len(psm) == pytest.approx(0.5, abs=0.08)
    assert {layout.num_tail_chars for layout in anchored} == {5, len(HOLE.prefix)}
    assert all(layout.num_tail_chars == 0 for layout in layouts if layout.is_suffix_first)
