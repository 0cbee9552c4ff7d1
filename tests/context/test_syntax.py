from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Node

from lsp_server.context.languages.registry import LanguageFacts, language_of_id
from lsp_server.context.syntax import (
    DocumentTrees,
    captures_in_rows,
    matches,
    parse,
    reparse,
)


def language(language_id: str) -> LanguageFacts:
    found = language_of_id(language_id)
    assert found is not None
    return found


def shape(node: Node) -> tuple[object, ...]:
    return (node.type, node.start_byte, node.end_byte, *map(shape, node.children))


PIECES = st.lists(
    st.sampled_from(["def f(a):\n", "    x = 1\n", "é = '😀'\n", "(", ")", "\r\n", "x."]),
    max_size=8,
).map("".join)


@given(PIECES, PIECES)
def test_parsing_again_after_an_edit_equals_parsing_from_nothing(old: str, new: str) -> None:
    python = language("python")
    edited = reparse(parse(old, python), new)
    assert edited.source.text == new
    assert shape(edited.tree.root_node) == shape(parse(new, python).tree.root_node)


def test_parsing_again_leaves_the_older_tree_as_it_was() -> None:
    before = parse("x = 1\n", language("python"))
    reparse(before, "yy = 1\nz = 2\n")
    assert before.tree.root_node.end_byte == len("x = 1\n")


def test_broken_code_has_a_tree_that_says_so() -> None:
    assert parse("def f(a, b\nclass", language("python")).has_error


def test_what_is_no_program_is_not_searched() -> None:
    """It would take minutes, in which nothing else in the process goes on."""
    tangle = parse("def f(a):\n    pass\n\nx = " + "(" * 200_000, language("python"))
    assert list(matches(tangle, "definitions")) == []
    assert captures_in_rows(tangle, "identifiers", 0, 9) == {}


def test_a_few_errors_hide_no_definition() -> None:
    text = "def f(a):\n    pass\n" * 3_000 + "x = (((\n"
    parsed = parse(text, language("python"))
    assert parsed.has_error
    assert len(list(matches(parsed, "definitions"))) >= 3_000


def test_trees_of_documents_are_bounded() -> None:
    trees = DocumentTrees(max_documents=2)
    for name in ("a.py", "b.py", "c.py", "a.py"):
        trees.parse(name, "x = 1\n", language("python"))
    assert len(trees) == 2


def test_trees_of_long_documents_are_fewer() -> None:
    trees = DocumentTrees(max_documents=3, max_chars=20)
    trees.parse("a.py", "a = 1\n", language("python"))
    trees.parse("b.py", "b = 1\n", language("python"))
    assert len(trees) == 2
    trees.parse("long.py", "long = 1\n" * 9, language("python"))
    assert len(trees) == 1, "the newest one is held, however long it is"


def test_document_that_changes_its_language_is_parsed_as_the_new_one() -> None:
    trees = DocumentTrees()
    trees.parse("untitled", "x = 1\n", language("python"))
    parsed = trees.parse("untitled", "package a\n", language("go"))
    assert not parsed.has_error


def test_process_that_opens_no_go_file_loads_no_go_grammar() -> None:
    script = (
        "import sys\n"
        "from lsp_server.context import gather\n"
        "from lsp_server.context.languages.registry import language_of_id\n"
        "from lsp_server.context.syntax import parse\n"
        "assert not [name for name in sys.modules if name.startswith('tree_sitter_')]\n"
        "parse('x = 1', language_of_id('python'))\n"
        "loaded = {name for name in sys.modules if name.startswith('tree_sitter_')}\n"
        "assert not any('go' in name for name in loaded), loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
