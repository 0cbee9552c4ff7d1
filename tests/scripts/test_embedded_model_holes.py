"""Which lines of held-out source are asked for."""

from __future__ import annotations

import pytest

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.holes import choose_holes, is_fitting_line

SOURCE = '''\
import os


def load(path):
    """Load a file.

    The docstring has several lines of words.
    """
    from json import loads
    handle = open(os.path.join(path, "name"))
    return loads(handle.read())


class Store:
    def get(self, key):
        return self.values[key]
'''
FILES = [SourceFile("held_out", "p", "pkg/m.py", SOURCE)]


def test_holes_are_lines_of_function_bodies_one_each() -> None:
    expected = {hole.expected for seed in range(30) for hole in choose_holes(FILES, 9, seed)}
    assert expected == {
        'handle = open(os.path.join(path, "name"))',
        "return loads(handle.read())",
        "return self.values[key]",
    }
    assert all(len(choose_holes(FILES, 9, seed)) == 2 for seed in range(30))


def test_the_parts_of_a_hole_joined_are_the_file() -> None:
    for hole in choose_holes(FILES, 9, 1):
        assert hole.prefix + hole.indent + hole.expected + hole.suffix == SOURCE


def test_the_same_seed_chooses_the_same_holes() -> None:
    assert choose_holes(FILES, 9, 4) == choose_holes(FILES, 9, 4)


def test_a_file_that_does_not_parse_is_left_out() -> None:
    assert choose_holes([SourceFile("held_out", "p", "m.py", "def f(:\n")], 9, 1) == []


@pytest.mark.parametrize(
    "line",
    ["x = 1", "import collections", "from a import bcdef", "# a comment", "@decorated", "}, ), ]"],
)
def test_short_lines_imports_comments_and_brackets_do_not_fit(line: str) -> None:
    assert not is_fitting_line([line], 0)


def test_a_line_repeated_nearby_does_not_fit() -> None:
    line = "value = compute()"
    assert not is_fitting_line([line, "other", f"    {line}"], 0)
    assert is_fitting_line([line, *["other"] * 20, line], 0)
