from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from lsp_server.prompt.anchor import (
    MAX_TAIL_CHARS,
    MAX_TAIL_LINES,
    AnchoredDocument,
    AnchorWindow,
    ReanchorReason,
    anchor,
)
from lsp_server.prompt.healing import Pieces
from tests.support.documents import unmark

WINDOW = AnchorWindow(prefix_chars=4_000, suffix_chars=2_000)


def place(marked: str, window: AnchorWindow = WINDOW) -> AnchoredDocument:
    """Anchor a document with a cursor mark for the first time."""
    document = unmark(marked)
    return anchor(document.text, document.cursor, window)


def advance(before: str, after: str, window: AnchorWindow = WINDOW) -> AnchoredDocument:
    """Anchor a document, then the same one after an edit."""
    document = unmark(after)
    return anchor(document.text, document.cursor, window, place(before, window))


@dataclass(frozen=True)
class Parts:
    prefix: str
    tail: str
    forced_prefix: str
    closers: str
    suffix: str


def parts(anchored: AnchoredDocument) -> Parts:
    return Parts(
        anchored.prefix,
        anchored.tail,
        anchored.forced_prefix,
        anchored.closers,
        anchored.suffix,
    )


def test_first_anchor_is_the_start_of_the_line() -> None:
    anchored = place("import os\n\nx = os.pa‸ + 1\ny = 2\n")
    assert parts(anchored) == Parts("import os\n\n", "x = os.", "pa", "", " + 1\ny = 2\n")
    assert anchored.reanchored is ReanchorReason.FIRST


def test_closers_at_the_end_of_the_line_are_not_shown() -> None:
    anchored = place("print(os.getcwd(‸))\nx = 1\n")
    assert (anchored.closers, anchored.suffix) == ("))", "\nx = 1\n")


def test_empty_document() -> None:
    assert parts(place("‸")) == Parts("", "", "", "", "")


@pytest.mark.parametrize(
    ("before", "after", "tail", "forced_prefix", "closers"),
    [
        ("a\n‸\nb\n", "a\nx‸\nb\n", "", "x", ""),
        ("a\nx‸\nb\n", "a\nxyz = f‸\nb\n", "xyz =", " f", ""),
        ("a\nf‸\nb\n", "a\nf(‸)\nb\n", "f", "(", ")"),
        ("a\nf(‸)\nb\n", "a\nf([‸])\nb\n", "f", "([", "])"),
        ("a\nf(‸)\nb\n", "a\nf(x)‸\nb\n", "f(x", ")", ""),
        ("a\nif x:‸\nb\n", "a\nif x:\n    ‸\nb\n", "if x:\n   ", " ", ""),
        ("a\nif (x) {‸}\nb\n", "a\nif (x) {\n  ‸\n}\nb\n", "if (x) {\n ", " ", "\n}"),
        ("a\nxy‸\nb\n", "a\nx‸\nb\n", "", "x", ""),
        ("a\nf(x)‸\nb\n", "a\nf(x‸)\nb\n", "f(", "x", ")"),
    ],
)
def test_typing_keeps_prefix_and_suffix(
    before: str, after: str, tail: str, forced_prefix: str, closers: str
) -> None:
    anchored = advance(before, after)
    assert anchored.reanchored is None
    assert parts(anchored) == Parts("a\n", tail, forced_prefix, closers, "\nb\n")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("a\nb‸\nc\n", "a‸\nc\n", ReanchorReason.MOVED_BEFORE),
        ("aa\nb‸\nc\n", "a‸\nc\n", ReanchorReason.PREFIX_CHANGED),
        ("a\nb‸\nc\n", "a‸\nb\nc\n", ReanchorReason.MOVED_BEFORE),
        ("a\nb‸\nc\n", "A\nb‸\nc\n", ReanchorReason.PREFIX_CHANGED),
        ("a\nb‸\nc\n", "a\nb‸\nC\n", ReanchorReason.SUFFIX_CHANGED),
        ("a\nb‸\nc\n", "a\nb\nc‸\n", ReanchorReason.SUFFIX_CHANGED),
        ("a\nb‸\nc\n", "a\nb‸ + 1\nc\n", ReanchorReason.SUFFIX_CHANGED),
        ("a\n‸\nc\n", "a\n" + "x" * 601 + "‸\nc\n", ReanchorReason.TAIL_TOO_LONG),
        ("a\n‸\nc\n", "a\n" + "\n" * 13 + "‸\nc\n", ReanchorReason.TAIL_TOO_LONG),
    ],
)
def test_other_edits_place_the_anchor_anew(before: str, after: str, reason: ReanchorReason) -> None:
    anchored = advance(before, after)
    assert anchored.reanchored is reason
    assert anchored == replace(place(after), reanchored=reason)


def test_tail_at_its_limits_is_kept() -> None:
    text = "x" * (MAX_TAIL_CHARS - MAX_TAIL_LINES) + "\n" * MAX_TAIL_LINES
    assert advance("a\n‸\nc\n", f"a\n{text}‸\nc\n").reanchored is None


def test_another_window_places_the_anchor_anew() -> None:
    smaller = AnchorWindow(3_000, 2_000)
    anchored = anchor("a\n", 2, smaller, place("a\n‸"))
    assert anchored.reanchored is ReanchorReason.WINDOW
    assert anchored.window == smaller


def test_new_line_opened_above_the_old_one_is_no_closer() -> None:
    anchored = advance("a\n‸b\n", "a\n‸\nb\n")
    assert anchored.reanchored is ReanchorReason.SUFFIX_CHANGED


def test_text_outside_the_window_may_change() -> None:
    lines = "x = 1\n" * 100
    window = AnchorWindow(60, 60)
    before = place(f"{lines}y‸\n{lines}", window)
    changed = f"{lines}yz\n{lines}# more\n"
    after = anchor(changed, len(lines) + 2, window, before)
    assert after.reanchored is None
    assert after.num_chars_below == before.num_chars_below + len("# more\n")


def test_import_added_above_the_window_moves_nothing() -> None:
    lines = "".join(f"x_{number} = {number}\n" for number in range(200))
    window = AnchorWindow(400, 100)
    before = place(f"{lines}y‸\n", window)
    text = f"import os\n{lines}y.z\n"
    after = anchor(text, len(text) - 1, window, before)
    assert after.reanchored is None
    assert after.prefix == before.prefix
    assert after.window_start == before.window_start + len("import os\n")


def test_import_added_to_a_file_that_is_shown_from_its_top_is_shown() -> None:
    lines = "x = 1\n" * 100
    text = f"import os\n{lines}y"
    after = anchor(text, len(text), WINDOW, place(f"{lines}y‸"))
    assert after.reanchored is ReanchorReason.PREFIX_CHANGED
    assert after.prefix.startswith("import os\n")


def test_line_that_is_longer_than_a_tail_is_anchored_inside() -> None:
    line = "value, " * 1_000
    text = f"a\n{line}\nb\n"
    cursor = 2 + 5_000
    anchored = anchor(text, cursor, WINDOW)
    assert len(anchored.tail) + len(anchored.forced_prefix) <= MAX_TAIL_CHARS
    num_reanchors = 0
    for _ in range(500):
        text, cursor = text[:cursor] + "x" + text[cursor:], cursor + 1
        anchored = anchor(text, cursor, WINDOW, anchored)
        num_reanchors += anchored.reanchored is not None
    assert num_reanchors <= 3


def test_crlf_passes_through_as_it_is() -> None:
    anchored = place("a\r\nif x:\r\n    b‸\r\nc\r\n")
    assert parts(anchored) == Parts("a\r\nif x:\r\n", "   ", " b", "", "\r\nc\r\n")


def test_pieces_of_the_model_are_used() -> None:
    words = anchor("self.na", 7, WINDOW, pieces=Pieces.BLANK_AND_LETTERS)
    marks = anchor("self.na", 7, WINDOW, pieces=Pieces.MARK_AND_LETTERS)
    assert (words.forced_prefix, marks.forced_prefix) == ("na", ".na")


def test_small_window_has_a_short_tail() -> None:
    small = AnchorWindow(prefix_chars=64, suffix_chars=0)
    text = "x = 1\n" * 50
    anchored = anchor(text, 0, small)
    for cursor in range(len(text)):
        anchored = anchor(text, cursor, small, anchored)
        assert len(anchored.prefix + anchored.tail + anchored.forced_prefix) <= 2 * 64


def test_cursor_outside_the_document_is_our_own_fault() -> None:
    with pytest.raises(AssertionError, match="outside the 1 characters"):
        anchor("a", 2, WINDOW)
