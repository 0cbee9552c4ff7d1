"""The anchored layout over many keys: nothing is lost, and little is computed again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.prompt.anchor import AnchoredDocument, AnchorWindow, anchor
from tests.support.typing_editor import Keystroke, TypingEditor

SAMPLES = Path(__file__).parent / "samples"
WINDOW = AnchorWindow(prefix_chars=4_000, suffix_chars=2_000)
MIN_KEPT_SHARE = 0.98
CHARS_BETWEEN_SLIPS = 120


def check_nothing_is_lost(anchored: AnchoredDocument, text: str, cursor: int) -> None:
    shown = anchored.prefix + anchored.tail + anchored.forced_prefix + anchored.closers
    shown += anchored.suffix
    assert text.startswith(shown, anchored.window_start)
    assert anchored.cursor == cursor
    assert anchored.window_start + len(shown) + anchored.num_chars_below == len(text)


def check_step(
    previous: AnchoredDocument | None, anchored: AnchoredDocument, window: AnchorWindow
) -> None:
    assert len(anchored.prefix) <= window.prefix_chars
    assert len(anchored.suffix) <= window.suffix_chars
    assert len(anchored.tail) + len(anchored.forced_prefix) <= anchored.max_tail_chars
    if anchored.reanchored is None:
        assert previous is not None
        assert (anchored.prefix, anchored.suffix) == (previous.prefix, previous.suffix)


class Edit:
    """A document with a cursor, changed at random."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.cursor = len(text)

    def insert(self, text: str, behind: str) -> None:
        self.text = self.text[: self.cursor] + text + behind + self.text[self.cursor :]
        self.cursor += len(text)

    def erase(self, num_chars: int) -> None:
        start = max(0, self.cursor - num_chars)
        self.text = self.text[:start] + self.text[self.cursor :]
        self.cursor = start

    def move(self, distance: int) -> None:
        self.cursor = min(len(self.text), max(0, self.cursor + distance))

    def replace_elsewhere(self, place: int, text: str) -> None:
        place = min(place, len(self.text))
        self.text = self.text[:place] + text + self.text[place:]
        if place < self.cursor:
            self.cursor += len(text)


_TEXT = st.text("ab_ .()[]{}\"'\n\r\t1ü🙂", max_size=12)
_STEP = st.one_of(
    st.tuples(st.just("insert"), _TEXT, st.sampled_from(["", "", ")", "]}", "\n}", '"'])),
    st.tuples(st.just("erase"), st.integers(1, 8)),
    st.tuples(st.just("move"), st.integers(-60, 60)),
    st.tuples(st.just("replace_elsewhere"), st.integers(0, 400), _TEXT),
)


@settings(max_examples=400, deadline=None)
@given(
    text=st.text("ab (){}\n", max_size=300),
    steps=st.lists(_STEP, max_size=25),
    prefix_chars=st.integers(0, 200),
    suffix_chars=st.integers(0, 200),
)
def test_random_edits_lose_nothing(
    text: str, steps: list[tuple[object, ...]], prefix_chars: int, suffix_chars: int
) -> None:
    window = AnchorWindow(prefix_chars, suffix_chars)
    edit = Edit(text)
    anchored = anchor(edit.text, edit.cursor, window)
    check_nothing_is_lost(anchored, edit.text, edit.cursor)
    for name, *arguments in steps:
        getattr(edit, str(name))(*arguments)
        previous, anchored = anchored, anchor(edit.text, edit.cursor, window, anchored)
        check_nothing_is_lost(anchored, edit.text, edit.cursor)
        check_step(previous, anchored, window)


def typing_trace(text: str, first_line: int, num_lines: int) -> Iterator[Keystroke]:
    """Take lines out of a text and type them again, with a slip now and then."""
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[:first_line]))
    wanted = "".join(lines[first_line : first_line + num_lines]).rstrip("\n")
    editor = TypingEditor(text[:start] + text[start + len(wanted) :], start)
    for part in parts_between_slips(wanted):
        yield from chain(editor.type("oops"), editor.erase(4), editor.type(part))
    assert editor.text == text, "the editor types what it was told"


def parts_between_slips(text: str) -> list[str]:
    """Cut a text within words."""
    cuts = [0]
    for place in range(1, len(text)):
        is_in_word = text[place - 1].isalpha() and text[place].isalpha()
        if is_in_word and place > cuts[-1] + CHARS_BETWEEN_SLIPS:
            cuts.append(place)
    return [text[start:end] for start, end in pairwise([*cuts, len(text)])]


def kept_share(keystrokes: Iterator[Keystroke], first: AnchoredDocument) -> float:
    """Return the share of keys after which prefix and suffix are what they were before."""
    anchored, num_kept, num_keys = first, 0, 0
    for keystroke in keystrokes:
        previous = anchored
        anchored = anchor(keystroke.text, keystroke.cursor, WINDOW, previous)
        check_nothing_is_lost(anchored, keystroke.text, keystroke.cursor)
        check_step(previous, anchored, WINDOW)
        num_keys += 1
        num_kept += (anchored.prefix, anchored.suffix) == (previous.prefix, previous.suffix)
    assert num_keys > 100
    return num_kept / num_keys


@pytest.mark.parametrize(
    ("sample", "first_line", "num_lines"),
    [
        ("client.py.txt", 0, 20),
        ("client.py.txt", 56, 25),
        ("client.py.txt", 96, 18),
        ("client.py.txt", 150, 40),
        ("client.py.txt", 205, 30),
        ("store.ts.txt", 16, 12),
        ("store.ts.txt", 29, 14),
        ("store.ts.txt", 44, 16),
    ],
)
@pytest.mark.parametrize("line_ending", ["\n", "\r\n"])
def test_typing_leaves_the_beginning_of_the_prompt_untouched(
    sample: str, first_line: int, num_lines: int, line_ending: str
) -> None:
    text = (SAMPLES / sample).read_text(encoding="utf-8")
    keystrokes = list(typing_trace(text, first_line, num_lines))
    first = keystrokes[0]
    if line_ending != "\n":
        keystrokes = [with_line_ending(keystroke, line_ending) for keystroke in keystrokes]
        first = keystrokes[0]
    share = kept_share(iter(keystrokes[1:]), anchor(first.text, first.cursor, WINDOW))
    assert share >= MIN_KEPT_SHARE


def with_line_ending(keystroke: Keystroke, line_ending: str) -> Keystroke:
    before = keystroke.text[: keystroke.cursor].replace("\n", line_ending)
    after = keystroke.text[keystroke.cursor :].replace("\n", line_ending)
    return Keystroke(before + after, len(before), keystroke.key)


def test_window_start_stays_over_many_anchors() -> None:
    text = "".join(f"value_{number} = {number}\n" for number in range(2_000))
    anchored = anchor(text, 20_000, WINDOW)
    starts = {anchored.window_start}
    for cursor in range(20_000, 24_000, 100):
        anchored = anchor(text, cursor, WINDOW, anchored)
        starts.add(anchored.window_start)
    assert len(starts) <= 5
