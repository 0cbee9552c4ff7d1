from __future__ import annotations

import pytest

from lsp_server.prompt.window import AnchorWindow, window_end, window_start

LINE = "x" * 9 + "\n"
TEXT = LINE * 100


def test_short_texts_are_shown_whole() -> None:
    assert window_start(TEXT, 400, 400, None) == 0
    assert window_end(TEXT, 600, 400, None) == len(TEXT)


def test_new_edges_are_lines_with_room_to_grow() -> None:
    assert window_start(TEXT, 800, 400, None) == 500
    assert window_end(TEXT, 105, 400, None) == 400


def test_edges_stay_while_they_fit() -> None:
    start = window_start(TEXT, 800, 400, None)
    assert window_start(TEXT, 900, 400, start) == start
    assert window_start(TEXT, 910, 400, start) == 610
    end = window_end(TEXT, 100, 400, None)
    assert window_end(TEXT, 0, 400, end) == end
    assert window_end(TEXT, 300, 400, end) == end
    assert window_end(TEXT, 310, 400, end) == 610


def test_edge_that_shows_too_little_moves_outwards() -> None:
    assert window_start(TEXT, 590, 400, 500) == 290
    assert window_start(TEXT, 590, 400, 600) == 290


def test_lines_that_are_longer_than_the_window_are_cut() -> None:
    text = "y" * 2_000
    assert window_start(text, 1_000, 400, None) == 700
    assert window_end(text, 1_000, 400, None) == 1_300


def test_edge_at_the_start_of_a_line_is_not_moved_to_the_next() -> None:
    assert window_start(TEXT, 800, 400, None) % len(LINE) == 0


def test_no_room_shows_nothing() -> None:
    assert window_start(TEXT, 800, 0, None) == 800
    assert window_end(TEXT, 800, 0, None) == 800


@pytest.mark.parametrize(("prefix_chars", "suffix_chars"), [(-1, 0), (0, -1)])
def test_negative_windows_are_our_own_fault(prefix_chars: int, suffix_chars: int) -> None:
    with pytest.raises(AssertionError, match="not 0 or more"):
        AnchorWindow(prefix_chars, suffix_chars)
