"""The two charts that compare things: dots with their intervals, and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from scripts.plots.axis import decades_axis, even_axis, named_axis
from scripts.plots.picture import Picture

_COLOURS = ("#369", "#c63", "#396", "#939")
#: What a range of values is widened by at either end.
_ROOM = 0.1

Value = TypeVar("Value")

#: Values of each series, by the name of the group.
Intervals = Mapping[str, Mapping[str, Sequence[float]]]
Heights = Mapping[str, Mapping[str, float]]


def interval_chart(
    title: str,
    groups: Intervals,
    levels: Mapping[str, float],
    *,
    is_logarithmic: bool = False,
) -> str:
    """Return medians as dots and their intervals as lines.

    Args:
        title: What is shown.
        groups: Median, low end and high end of each series.
        levels: Values to compare with.
        is_logarithmic: Whether equal ratios take equal room.
    """
    values = [value for group in groups.values() for found in group.values() for value in found]
    values += levels.values()
    if is_logarithmic:
        y = decades_axis(values)
    else:
        room = _ROOM * max(max(values) - min(values), 1e-3)
        y = even_axis(min(values) - room, max(values) + room, lambda value: f"{value:.2f}")
    picture = Picture(title, named_axis(list(groups)), y)
    colours = _colours(groups)
    for index, group in enumerate(groups.values()):
        for (name, (middle, low, high)), x in _placed(group, index):
            picture.whisker(x, low, high, colours[name])
            picture.dot(x, middle, colours[name])
    return _finished(picture, levels, colours)


def bar_chart(title: str, groups: Heights, levels: Mapping[str, float], *, digits: int = 0) -> str:
    """Return bars from 0 on, with their values on them.

    Args:
        title: What is shown.
        groups: Value of each series.
        levels: Values to compare with.
        digits: Behind the point, of the values on the bars.
    """
    values = [value for group in groups.values() for value in group.values()]
    highest = max([*values, *levels.values()])
    y = even_axis(0.0, highest * (1.0 + _ROOM), lambda value: f"{value:,.{digits}f}")
    picture = Picture(title, named_axis(list(groups)), y)
    colours = _colours(groups)
    for index, group in enumerate(groups.values()):
        width = 0.8 / max(len(group), 1)
        for (name, value), x in _placed(group, index):
            label = f"{value:,.{digits}f}"
            picture.bar(x - width / 2, x + width / 2, value, colours[name], label)
    return _finished(picture, levels, colours)


def _colours(groups: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    names = dict.fromkeys(name for group in groups.values() for name in group)
    return dict(zip(names, _COLOURS, strict=False))


def _placed(group: Mapping[str, Value], index: int) -> Sequence[tuple[tuple[str, Value], float]]:
    """Return each series with its place in a group, side by side."""
    width = 0.8 / max(len(group), 1)
    return [
        (entry, index + 0.1 + width * (number + 0.5)) for number, entry in enumerate(group.items())
    ]


def _finished(picture: Picture, levels: Mapping[str, float], colours: Mapping[str, str]) -> str:
    for label, level in levels.items():
        picture.level(level, label)
    picture.legend(colours.items())
    return picture.svg()
