"""A person who writes the last changes of a document, so that at the end it is as it should be.

The changes are made up backwards from the document as it is: a line of it is taken back key by
key, a name is put wrong, a stray line is put in.  Played forwards, somebody goes from spot to
spot, mostly above a place and near it, and makes a few changes at each: types a line in bursts of
keys, pastes some, takes a stray one out, corrects a name or the end of a word.  So whatever is
asked at the end is asked in real code.  The line of the place itself is left alone.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_NAME = re.compile(r"\b[a-z_][a-z0-9_]{2,}\b")
#: Share of the spots that lie above the place.
_SHARE_ABOVE = 0.75
#: Mean distance of a spot from the place, in lines.
_MEAN_LINES_AWAY = 25.0
_MAX_CHANGES_AT_A_SPOT = 5
_MAX_KEYS_IN_A_BURST = 6
_MAX_PASTED_LINES = 4
#: The document may be so many lines longer or shorter than at the end.
_MAX_LINES_MORE = 15


@dataclass(frozen=True, slots=True)
class Moment:
    """The document after a change.

    Attributes:
        text: The document.
        cursor: Offset of the cursor: where the change was.
        place: Offset of the place.
        has_pause_before: Whether the person came from elsewhere, and thought for a moment.
    """

    text: str
    cursor: int
    place: int
    has_pause_before: bool = False


@dataclass(frozen=True, slots=True)
class _Undo:
    """What takes a change back: `text[start:end]` becomes `older`; the cursor was at `end`."""

    start: int
    end: int
    older: str = ""


def last_changes(text: str, place: int, num_changes: int, seed: str) -> list[Moment]:
    """Return the document before its last changes, and after each of them, cursor there.

    Args:
        text: The document at the end.
        place: Offset of the place, which is the end of its line.
        num_changes: How many there are; fewer are the last of more.
        seed: Decides what they are.
    """
    # What one change found is what the one before it had left.
    found = list(itertools.islice(_Rewinder(text, place, seed).rewind(), num_changes + 1))
    return found[::-1]


class _Rewinder:
    """Takes changes of one document back.

    Attributes:
        text: The document now.
        place: Offset of the place in it.
    """

    def __init__(self, text: str, place: int, seed: str) -> None:
        self.text = text
        self.place = place
        self._dice = random.Random(seed)
        #: What stray lines and wrong names are taken from.
        self._lines = [line for line in text.split("\n") if line.strip()]
        self._names = sorted(set(_NAME.findall(text))) or ["name"]
        self._num_lines = text.count("\n")

    def rewind(self) -> Iterator[Moment]:
        """Take back change after change; yields the document as each had left it."""
        while True:
            changes = list(self._changes_at_a_spot())
            if changes:
                changes[-1] = replace(changes[-1], has_pause_before=True)
            yield from changes

    def _changes_at_a_spot(self) -> Iterator[Moment]:
        spot = self._spot()
        num_left = self._dice.randint(1, _MAX_CHANGES_AT_A_SPOT)
        while num_left > 0:
            for undo in itertools.islice(self._change(spot), num_left):
                yield Moment(self.text, undo.end, self.place)
                self._take_back(undo)
                spot = undo.start
                num_left -= 1

    def _take_back(self, undo: _Undo) -> None:
        self.text = self.text[: undo.start] + undo.older + self.text[undo.end :]
        if undo.start < self.place:
            self.place += len(undo.older) - (undo.end - undo.start)

    def _change(self, spot: int) -> Iterator[_Undo]:
        """Yield what takes back a change, or several that belong together, last one first."""
        num_more = self.text.count("\n") - self._num_lines
        kinds = [self._typed_line, self._pasted_lines, self._stray_line]
        kinds += [self._wrong_name, self._wrong_end]
        weights = [4.0, 1.0, 2.5, 3.0, 2.0]
        if num_more > _MAX_LINES_MORE:
            weights[2] = 0.0
        if num_more < -_MAX_LINES_MORE:
            weights[:2] = [0.0, 0.0]
        return self._dice.choices(kinds, weights)[0](*self._line(spot))

    def _typed_line(self, start: int, end: int) -> Iterator[_Undo]:
        """The line was opened, and typed in bursts of keys."""
        line = self.text[start:end]
        if not line.strip() or not start:
            yield from self._stray_line(start, end)
            return
        first = start + len(line) - len(line.lstrip())
        while end > first:
            burst = max(first, end - self._dice.randint(1, _MAX_KEYS_IN_A_BURST))
            yield _Undo(burst, end)
            end = burst
        yield _Undo(start - 1, first)

    def _pasted_lines(self, start: int, end: int) -> Iterator[_Undo]:
        """Some lines were pasted."""
        for _ in range(self._dice.randrange(_MAX_PASTED_LINES)):
            next_start, next_end = self._bounds(end + 1)
            if next_start <= self.place <= next_end or end >= len(self.text):
                break
            end = next_end
        yield _Undo(start, min(end + 1, len(self.text)))

    def _stray_line(self, start: int, _end: int) -> Iterator[_Undo]:
        """A stray line was taken out."""
        yield _Undo(start, start, f"{self._dice.choice(self._lines)}\n")

    def _wrong_name(self, start: int, end: int) -> Iterator[_Undo]:
        """Another name stood there."""
        names = list(_NAME.finditer(self.text, start, end))
        if not names:
            yield from self._stray_line(start, end)
            return
        name = self._dice.choice(names)
        yield _Undo(name.start(), name.end(), self._dice.choice(self._names))

    def _wrong_end(self, start: int, end: int) -> Iterator[_Undo]:
        """The end of a word was taken out and typed again."""
        names = list(_NAME.finditer(self.text, start, end))
        if not names:
            yield from self._stray_line(start, end)
            return
        name = self._dice.choice(names)
        middle = self._dice.randrange(name.start() + 1, name.end())
        yield _Undo(middle, name.end())
        yield _Undo(middle, middle, self._dice.choice(self._names)[:3])

    def _spot(self) -> int:
        """Return an offset in another line than the place's."""
        above = self.text[: self._bounds(self.place)[0]]
        below = self.text[self.place + 1 :]
        num_away = 1 + int(self._dice.expovariate(1.0 / _MEAN_LINES_AWAY))
        goes_up = self._dice.random() < _SHARE_ABOVE
        if above.count("\n") < 2 or (below.count("\n") >= 2 and not goes_up):
            num_lines = min(num_away, below.count("\n"))
            skipped = sum(len(line) + 1 for line in below.split("\n")[: num_lines - 1])
            return self.place + 1 + skipped
        num_lines = min(num_away, above.count("\n"))
        return len(above) - sum(len(line) + 1 for line in above.split("\n")[-1 - num_lines : -1])

    def _line(self, spot: int) -> tuple[int, int]:
        """Return where the line of an offset starts and ends, its line break not counted.

        In the place of the place's own line it is the one above, or below.
        """
        start, end = self._bounds(spot)
        if not start <= self.place <= end:
            return start, end
        return self._bounds(start - 1) if start else self._bounds(end + 1)

    def _bounds(self, offset: int) -> tuple[int, int]:
        end = self.text.find("\n", offset)
        return self.text.rfind("\n", 0, offset) + 1, len(self.text) if end < 0 else end
