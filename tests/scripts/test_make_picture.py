"""The picture in the README: drawn from real output, and fetching nothing."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from scripts.make_picture import PICTURE, picture_of

OUTPUT = "1 │ x = \x1b[2;3m1 + 2\x1b[0m\n"


def text_of(svg: str) -> str:
    return "".join(ET.fromstring(svg).itertext()).replace("\N{NO-BREAK SPACE}", " ")


def test_a_picture_holds_what_was_printed_and_no_address_of_a_font() -> None:
    svg = picture_of(OUTPUT)
    assert "1 + 2" in text_of(svg)
    assert "url(http" not in svg.replace('"', "").replace("'", "")
    assert picture_of(OUTPUT) == svg


def test_the_picture_of_the_project_shows_ghost_text() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert "scripts/run" in text_of(svg)
    assert "tokens computed" in text_of(svg)
