from __future__ import annotations

import pytest

from lsp_server.prompt.closers import MAX_CLOSERS_CHARS, closers_at_line_end, closers_before
from tests.support.documents import unmark


@pytest.mark.parametrize(
    ("marked", "closers"),
    [
        ("print(‸)", ")"),
        ("print(‸)\nx", ")"),
        ("print(‸)\r\nx", ")"),
        ("print(‸)  \nx", ")"),
        ("f(g([‸]))\n", "]))"),
        ("say('‸')\n", "')"),
        ("call(‸);\n", ");"),
        ("def f(‸):\n", "):"),
        ("{‸ }\n", " }"),
        ("f(‸, 1)\n", ""),
        ("f(‸) + 1\n", ""),
        ("if x‸:\n", ""),
        ("x = 1‸\n)", ""),
        ("‸", ""),
        ("‸)" + ")" * MAX_CLOSERS_CHARS, ""),
    ],
)
def test_closers_at_line_end(marked: str, closers: str) -> None:
    document = unmark(marked)
    assert closers_at_line_end(document.text, document.cursor) == closers


@pytest.mark.parametrize(
    ("marked", "suffix", "closers"),
    [
        ("f(‸\nrest", "\nrest", ""),
        ("f(‸)\nrest", "\nrest", ")"),
        ("f(‸)\nrest", ")\nrest", ""),
        ("f({'‸'})\nrest", "\nrest", "'})"),
        ("if x {‸\n    }\nrest", "\nrest", "\n    }"),
        ("f(‸x)\nrest", "\nrest", None),
        ("f(‸)\nother", "\nrest", None),
        ("f(‸\n\nrest", "\nrest", None),
        ("f(‸" + ")" * 90 + "\nrest", "\nrest", None),
    ],
)
@pytest.mark.parametrize("reaches_end", [False, True])
def test_closers_before_an_unchanged_suffix(
    marked: str, suffix: str, closers: str | None, reaches_end: bool
) -> None:
    document = unmark(marked)
    found = closers_before(suffix, document.text, document.cursor, reaches_end=reaches_end)
    assert found == closers


def test_text_below_a_window_does_not_matter() -> None:
    assert closers_before("\na\n", "f()\na\nb", 2, reaches_end=False) == ")"
    assert closers_before("\na\n", "f()\na\nb", 2, reaches_end=True) is None


def test_empty_suffix_at_the_end_of_the_document() -> None:
    assert closers_before("", "f()", 2, reaches_end=True) == ")"
    assert closers_before("", "f() + 1", 2, reaches_end=True) is None


def test_empty_suffix_that_hides_the_rest() -> None:
    assert closers_before("", "f() + 1", 2, reaches_end=False) == ""
