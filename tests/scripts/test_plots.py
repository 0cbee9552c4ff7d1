"""Plots as SVG text: marks lie where their values say."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from scripts.plots.axis import decades_axis, even_axis, named_axis
from scripts.plots.charts import bar_chart, interval_chart
from scripts.plots.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"


def marks(svg: str, kind: str) -> list[ET.Element]:
    return ET.fromstring(svg).findall(f"{SVG}{kind}")


def test_axes_share_their_length_out() -> None:
    even = even_axis(10.0, 20.0, str)
    assert [even.share(value) for value in (10.0, 15.0, 20.0)] == [0.0, 0.5, 1.0]
    decades = decades_axis([2.0, 50.0])
    assert [label for _, label in decades.ticks] == ["1", "10", "100"]
    assert decades.share(10.0) == pytest.approx(0.5)
    assert named_axis(["a", "b"]).share(1.5) == 0.75


def test_a_higher_value_is_drawn_further_up_and_a_later_one_to_the_right() -> None:
    picture = Picture("t", even_axis(0.0, 1.0, str), even_axis(0.0, 1.0, str))
    picture.dot(0.2, 0.1, "#000")
    picture.dot(0.8, 0.9, "#000")
    low, high = marks(picture.svg(), "circle")
    assert float(low.attrib["cy"]) > float(high.attrib["cy"])
    assert float(low.attrib["cx"]) < float(high.attrib["cx"])


def test_equal_values_have_an_axis() -> None:
    assert even_axis(1.0, 1.0, str).share(1.0) == 0.0
    assert decades_axis([1.0, 1.0]).share(1.0) == 0.0


def test_intervals_are_dots_with_whiskers_in_the_colour_of_their_series() -> None:
    groups = {"1": {"a": (1.0, 0.9, 1.1), "b": (2.0, 1.0, 3.0)}, "2": {"a": (1.0, 0.5, 1.2)}}
    svg = interval_chart("t", groups, {"equal": 1.0})
    dots, whiskers = marks(svg, "circle"), marks(svg, "polyline")
    assert len(dots) == len(whiskers) == 3
    assert dots[0].attrib["fill"] == dots[2].attrib["fill"] == whiskers[0].attrib["stroke"]
    assert dots[0].attrib["fill"] != dots[1].attrib["fill"]
    assert len(marks(svg, "line")) == 1


def test_bars_have_their_values_on_them_and_names_below() -> None:
    svg = bar_chart("t", {"cold & warm": {"a": 1_000.0, "b": 250.0}}, {})
    texts = [mark.text for mark in marks(svg, "text")]
    assert {"1,000", "250", "cold & warm", "a", "b"} <= set(texts)
    heights = [float(bar.attrib["height"]) for bar in marks(svg, "rect") if "y" in bar.attrib]
    assert max(heights) == pytest.approx(4 * sorted(heights)[-2], rel=0.01)
