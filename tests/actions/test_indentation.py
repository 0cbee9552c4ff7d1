"""Code fitted to a document's indentation."""

from __future__ import annotations

import pytest

from lsp_server.actions.indentation import fit_indentation, indentation_unit


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("def f():\n    x\n", "    "),
        ("a {\n  b {\n    c\n  }\n}\n", "  "),
        ("a {\n\tb\n}\n", "\t"),
        ("a\nb\n", "??"),
        ("", "??"),
        ("x = f(1,\n      2)\n\ndef g():\n    y\n\ndef h():\n    z\n", "    "),
    ],
)
def test_indentation_unit(text: str, unit: str) -> None:
    assert indentation_unit(text, "??") == unit


@pytest.mark.parametrize(
    ("code", "base", "unit", "expected"),
    [
        ("x\nif x:\n    y", "  ", "  ", "  x\n  if x:\n    y"),
        ("    x\n    y", "", "    ", "x\ny"),
        ("if x:\n    y", "\t", "\t", "\tif x:\n\t\ty"),
        ("x\n\ny   ", "  ", "  ", "  x\n\n  y"),
        ("x = 1\n    y = 2\n    z = 3", "    ", "    ", "    x = 1\n    y = 2\n    z = 3"),
        ("if x:\n        y\n    z", "    ", "    ", "    if x:\n        y\n    z"),
    ],
)
def test_fit_indentation(code: str, base: str, unit: str, expected: str) -> None:
    assert fit_indentation(code, base, unit) == expected
