"""A picture with two axes, filled mark by mark and written as SVG."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from scripts.plots.axis import Axis

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 48


class Picture:
    """Marks at places that are given in the values of the axes."""

    def __init__(self, title: str, x: Axis, y: Axis) -> None:
        """Start with the title and what is written along the axes."""
        self._x = x
        self._y = y
        self._marks: list[str] = []
        self._text(_MARGIN, 20, title)
        for value, label in y.ticks:
            self._text(8, self._top(value), label)
        for value, label in x.ticks:
            self._text(self._left(value), _HEIGHT - 16, label, anchor="middle")

    def line(self, points: Iterable[tuple[float, float]], colour: str) -> None:
        """Draw a line through points."""
        places = " ".join(f"{self._left(x)},{self._top(y)}" for x, y in points)
        self._add(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        """Draw a dot."""
        self._add(f'<circle cx="{self._left(x)}" cy="{self._top(y)}" r="3" fill="{colour}"/>')

    def whisker(self, x: float, low: float, high: float, colour: str) -> None:
        """Draw an interval of values."""
        self.line([(x, low), (x, high)], colour)

    def bar(self, left: float, right: float, height: float, colour: str, label: str) -> None:
        """Draw a bar from the lower end of the axis up to a value, with a label on it."""
        start, end, top = self._left(left), self._left(right), self._top(height)
        base = self._top(self._y.low)
        self._add(
            f'<rect x="{start}" y="{top}" width="{end - start:.1f}" height="{base - top:.1f}"'
            f' fill="{colour}"/>'
        )
        self._text((start + end) / 2, top - 4, label, anchor="middle")

    def level(self, y: float, label: str) -> None:
        """Draw a dashed line across, with a label at its right end."""
        start, end, top = self._left(self._x.low), self._left(self._x.high), self._top(y)
        self._add(
            f'<line x1="{start}" y1="{top}" x2="{end}" y2="{top}" stroke="#999"'
            ' stroke-dasharray="4 3"/>'
        )
        self._text(end, top - 4, label, anchor="end", colour="#666")

    def legend(self, entries: Iterable[tuple[str, str]]) -> None:
        """Say which colour is what, in the line below the title."""
        left = float(_MARGIN)
        for name, colour in entries:
            self._add(f'<rect x="{left:.0f}" y="29" width="8" height="8" fill="{colour}"/>')
            self._text(left + 12, 37, name)
            left += 28 + 6.5 * len(name)

    def svg(self) -> str:
        """Return the whole picture."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
            ' font-family="sans-serif" font-size="11">\n'
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n'
            + "".join(self._marks)
            + "</svg>\n"
        )

    def _left(self, x: float) -> float:
        return round(_MARGIN + self._x.share(x) * (_WIDTH - 2 * _MARGIN), 1)

    def _top(self, y: float) -> float:
        return round(_HEIGHT - _MARGIN - self._y.share(y) * (_HEIGHT - 2 * _MARGIN), 1)

    def _text(
        self, x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#000"
    ) -> None:
        self._add(
            f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">'
            f"{escape(text)}</text>"
        )

    def _add(self, mark: str) -> None:
        self._marks.append(f"{mark}\n")
