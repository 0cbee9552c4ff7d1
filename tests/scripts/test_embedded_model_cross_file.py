"""What other files of a project say in front of a file."""

from __future__ import annotations

from random import Random

import pytest

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.cross_file import CrossFile, imported_modules, module_name, outline


def source(path: str, text: str) -> SourceFile:
    return SourceFile("train", "p", path, text)


@pytest.mark.parametrize(
    ("path", "name"), [("a/b.py", "a.b"), ("a/__init__.py", "a"), ("one.py", "one")]
)
def test_a_path_is_a_module(path: str, name: str) -> None:
    assert module_name(path) == name


def test_relative_imports_are_resolved() -> None:
    text = "import os.path\nfrom . import near\nfrom .near import x\nfrom ..up import y\n"
    found = list(imported_modules(source("a/b/c.py", text)))
    assert "os.path" in found
    assert {"a.b.near", "a.up"} <= set(found)


def test_an_outline_has_the_headers_only() -> None:
    text = "LIMIT = 3\nx = 1\n\nclass A(B):\n    def f(self, a):\n        return a\n"
    expected = "# m.py\nLIMIT = 3\nclass A(B):\n    def f(self, a):\n\n"
    assert outline(source("m.py", text)) == expected
    assert outline(source("m.py", "x = 1\n")) == ""


def test_blocks_come_from_imported_files_of_the_same_project() -> None:
    user = source("a/user.py", "from a.helper import assist\nimport other\n")
    helper = source("a/helper.py", "def assist():\n    pass\n")
    stranger = SourceFile("train", "q", "other.py", "def odd():\n    pass\n")
    cross_file = CrossFile([user, helper, stranger])
    assert cross_file.blocks(user, Random(0)) == ["# a/helper.py\ndef assist():\n\n"]
