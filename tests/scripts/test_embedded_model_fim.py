"""Where holes are cut."""

from __future__ import annotations

from random import Random

from scripts.embedded_model.config import FimConfig
from scripts.embedded_model.fim import Hole, cut_hole

WINDOW = '''\
import os


def first(path):
    """Say something."""
    if os.path.exists(path):
        return open(path).read()

    return None


class Second:
    value = 3
'''

NONE = FimConfig(
    line_weight=0,
    lines_weight=0,
    rest_of_line_weight=0,
    rest_of_lines_weight=0,
    characters_weight=0,
    empty_suffix_rate=0,
)


def holes(config: FimConfig, count: int = 300) -> list[Hole]:
    return [cut_hole(WINDOW, config, Random(seed)) for seed in range(count)]


def only(**weights: float) -> FimConfig:
    return FimConfig(**{**{name: getattr(NONE, name) for name in _NAMES}, **weights})


_NAMES = (
    "line_weight",
    "lines_weight",
    "rest_of_line_weight",
    "rest_of_lines_weight",
    "characters_weight",
    "empty_suffix_rate",
)


def test_the_parts_joined_are_the_window() -> None:
    for hole in holes(FimConfig(empty_suffix_rate=0)):
        assert hole.prefix + hole.middle + hole.suffix == WINDOW


def test_the_same_seed_cuts_the_same_hole() -> None:
    assert cut_hole(WINDOW, FimConfig(), Random(3)) == cut_hole(WINDOW, FimConfig(), Random(3))


def test_a_line_hole_is_a_whole_line_without_its_line_feed() -> None:
    for hole in holes(only(line_weight=1)):
        assert hole.prefix == "" or hole.prefix.endswith("\n")
        assert hole.suffix.startswith("\n")
        assert hole.middle in WINDOW.split("\n")
        assert hole.middle.strip()


def test_a_hole_of_lines_starts_at_a_line_and_ends_with_text() -> None:
    found = holes(only(lines_weight=1))
    for hole in found:
        assert hole.prefix == "" or hole.prefix.endswith("\n")
        assert hole.suffix.startswith("\n")
        assert hole.middle == hole.middle.rstrip()
    assert any("\n" in hole.middle for hole in found)


def test_the_rest_of_a_line_never_begins_inside_the_indentation() -> None:
    for hole in holes(only(rest_of_line_weight=1)):
        assert "\n" not in hole.middle
        assert not hole.middle.startswith("  ")
        assert hole.suffix.startswith("\n")


def test_suffixes_are_dropped_at_the_rate_given() -> None:
    assert all(hole.suffix == "" for hole in holes(FimConfig(empty_suffix_rate=1)))


def test_at_least_two_holes_in_five_begin_at_a_line_start() -> None:
    starts = [hole.prefix == "" or hole.prefix.endswith("\n") for hole in holes(FimConfig(), 2000)]
    assert sum(starts) >= 0.4 * len(starts)


def test_a_window_of_one_line_can_be_cut() -> None:
    for seed in range(100):
        hole = cut_hole("x = 1", FimConfig(empty_suffix_rate=0), Random(seed))
        assert hole.prefix + hole.middle + hole.suffix == "x = 1"
