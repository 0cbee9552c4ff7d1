"""Every filter by what it does to the document that the person gets."""

import pytest

from lsp_server.completion.filters.candidate import Candidate
from lsp_server.completion.filters.rules import FILTERS, filter_candidates
from lsp_server.completion.filters.trim_rest_of_line import trim_rest_of_line
from lsp_server.engine.api import EndReason
from tests.support.completion import cursor_at


def check(marked: str, text: str, expected: str, language: str = "python") -> None:
    """Check what the document becomes when the filtered text is taken."""
    cursor = cursor_at(marked, language=language)
    filtered = filter_candidates([Candidate(text, EndReason.STOP)], cursor)
    assert filtered.candidates, f"dropped by {filtered.dropped_by}"
    [candidate] = filtered.candidates
    after = cursor.after[candidate.num_replaced_chars :]
    assert cursor.before + candidate.text + after == expected


def dropper(marked: str, text: str) -> str:
    """Return the name of the filter that drops a text."""
    filtered = filter_candidates([Candidate(text, EndReason.STOP)], cursor_at(marked))
    assert not filtered.candidates, f"it is shown as {filtered.candidates[0].text!r}"
    [name] = filtered.dropped_by
    return name


@pytest.mark.parametrize(
    ("marked", "text", "expected"),
    [
        # The editor closed the bracket, and so does the model.
        ("add(‸)", "a, b)", "add(a, b)"),
        ("add(‸)", "a, b", "add(a, b)"),
        ("add(‸)", "f(a), g(b))", "add(f(a), g(b))"),
        ("add(‸);", "a, b);", "add(a, b);"),
        ("add(‸);", "a, b)", "add(a, b);"),
        ("def add(‸)", "a, b):\n    return a + b", "def add(a, b):\n    return a + b"),
        ("def add(‸):", "a, b):\n    return a + b", "def add(a, b):\n    return a + b"),
        ("f([‸])", "1, 2])", "f([1, 2])"),
        ("f([‸])", "1, 2], 3)\ng()", "f([1, 2], 3)\ng()"),
        ('print("‸")', 'hello")', 'print("hello")'),
        ('print("‸")', "it's (", 'print("it\'s (")'),
        ('print("‸")', 'a", "b")\nx', 'print("a", "b")\nx'),
        # Text that the person wrote stays; an end that stands there already is not repeated.
        ("x = ‸ + 1", "count + 1", "x = count + 1"),
        ("call(‸, last)", "first, last)", "call(first, last)"),
        ("x = ‸ or y", "count", "x = count or y"),
    ],
)
def test_nothing_right_of_the_cursor_appears_twice(marked: str, text: str, expected: str) -> None:
    check(marked, text, expected)


def test_a_bracket_in_a_string_closes_nothing() -> None:
    check("f(‸)", "')', x)", "f(')', x)")


def test_a_whole_block_replaces_the_brace_that_the_editor_closed() -> None:
    check("if (x) {‸}", "\n  y();\n}", "if (x) {\n  y();\n}", "typescript")


def test_an_apostrophe_in_a_comment_opens_no_string() -> None:
    check("f(‸)", "a,  # don't\n  b)", "f(a,  # don't\n  b)")


def test_blanks_at_the_end_are_removed_unless_text_follows() -> None:
    check("x =‸", " 1  \n\n", "x = 1")
    check("x = ‸y", "a or ", "x = a or y")


def test_windows_line_breaks_of_the_model_become_newlines() -> None:
    check("def f():‸", "\r\n    a\r\n    b", "def f():\n    a\n    b")


def test_the_last_line_is_judged_although_no_newline_ends_it() -> None:
    check("‸\nreturn x\n", "x = 1\nreturn x", "x = 1\nreturn x\n")


@pytest.mark.parametrize("text", ["", "   ", "\n\n  "])
def test_blank_text_is_dropped(text: str) -> None:
    assert dropper("x = ‸", text) == "drop_blank"


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("‸\n\nimport os\nimport sys\n", "import os"),
        ("‸\nimport os\nimport sys\n", "import os\nimport sys"),
    ],
)
def test_what_follows_anyway_is_dropped(marked: str, text: str) -> None:
    assert dropper(marked, text) == "drop_what_follows"


def test_the_beginning_of_what_follows_is_kept() -> None:
    check("‸\nimport sysconfig\n", "import sys", "import sys\nimport sysconfig\n")


def test_a_copy_of_the_line_above_is_dropped() -> None:
    assert dropper("x.append(1)\nx‸", ".append(1)\ny") == "drop_copy_of_line_above"
    check("  end\n‸", "end", "  end\nend")


def test_duplicates_are_shown_once_in_order() -> None:
    candidates = [Candidate(text, EndReason.STOP) for text in ["a", "b ", "a", "b"]]
    filtered = filter_candidates(candidates, cursor_at("x = ‸"))
    assert [candidate.text for candidate in filtered.candidates] == ["a", "b"]


def test_a_cut_end_is_a_stop() -> None:
    candidate = Candidate("a\nb = 2", EndReason.LENGTH)
    [cut] = filter_candidates([candidate], cursor_at("    ‸")).candidates
    assert (cut.text, cut.finish_reason) == ("a", EndReason.STOP)


def test_insertions_on_one_line_replace_nothing() -> None:
    candidate = trim_rest_of_line(Candidate("a, b)", EndReason.STOP), cursor_at("add(‸)"))
    assert candidate.num_replaced_chars == 0


def test_every_filter_is_named_by_what_it_does() -> None:
    verbs = {"unify", "cut", "trim", "drop"}
    assert {each.__name__.partition("_")[0] for each in FILTERS} <= verbs
