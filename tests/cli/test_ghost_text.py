"""A suggestion shown in its file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from lsp_server.cli.document import Document
from lsp_server.cli.ghost_text import is_plain, region_around, render
from lsp_server.cli.location import LineIndex


def document_of(text_with_cursor: str, language: str = "python") -> Document:
    """Return a document whose cursor stands at `|`."""
    cursor = text_with_cursor.index("|")
    text = text_with_cursor.replace("|", "")
    return Document(Path("/a.py"), "a.py", language, text, LineIndex(text), cursor)


def shown(text_with_cursor: str, suggestion: str, num_replaced: int = 0) -> list[str]:
    document = document_of(text_with_cursor)
    end = document.cursor + num_replaced
    region = region_around(document, suggestion, document.cursor, end)
    return render(region, document.language, is_plain=True).plain.splitlines()


def test_ghost_text_stands_between_marks() -> None:
    assert shown("def f():\n    return |\n", "1 + 2") == [
        "1 │ def f():",
        "2 │     return «1 + 2»",
    ]


def test_further_lines_of_ghost_text_have_no_number() -> None:
    assert shown("a = |\nb = 2\n", "[\n    1,\n]") == [
        "1 │ a = «[",
        "  │     1,",
        "  │ ]»",
        "2 │ b = 2",
    ]


def test_what_a_suggestion_replaces_is_not_shown_twice() -> None:
    assert shown("f(|)", "x, y)", num_replaced=1) == ["1 │ f(«x, y)»"]


def test_only_the_lines_around_the_cursor_are_shown() -> None:
    lines = shown("x\n" * 100 + "y = |\n" + "z\n" * 100, "1")
    assert lines[0] == " 89 │ x"
    assert "101 │ y = «1»" in lines
    assert lines[-1] == "105 │ z"


def test_an_empty_document_can_be_completed() -> None:
    assert shown("|", "import os") == ["1 │ «import os»"]


def test_control_characters_never_reach_the_terminal() -> None:
    lines = shown("a = '\x1b[31m|\r\n\tb\r\n", "\x07c")
    assert lines == [
        "1 │ a = '\N{REPLACEMENT CHARACTER}[31m«\N{REPLACEMENT CHARACTER}c»",
        "2 │     b",
    ]


@pytest.mark.parametrize("language", ["python", "rust", "plaintext", "no such language"])
@pytest.mark.parametrize("text", ["|", "a\n|", "\n\n x = |\n", "x = '|\n\n\n"])
def test_colour_changes_no_character(text: str, language: str) -> None:
    document = document_of(text, language)
    region = region_around(document, "1\n2", document.cursor, document.cursor)
    coloured = render(region, language, is_plain=False).plain
    plain = render(region, language, is_plain=True).plain
    assert coloured.split() == plain.replace("«", "").replace("»", "").split()


def test_ghost_text_is_dim_on_a_terminal() -> None:
    document = document_of("x = |\n")
    region = region_around(document, "12345", document.cursor, document.cursor)
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(render(region, "python", is_plain=False))
    assert "\x1b[2;3m12345" in capture.get()


@pytest.mark.parametrize(
    ("variables", "expected"), [({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, True), ({}, False)]
)
def test_a_terminal_without_colour_is_plain(variables: dict[str, str], expected: bool) -> None:
    console = Console(
        file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm-256color", **variables}
    )
    assert is_plain(console) is expected


def test_a_pipe_is_plain() -> None:
    assert is_plain(Console(file=io.StringIO(), _environ={}))
