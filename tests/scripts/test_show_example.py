"""The example of `scripts/run`: a file with a visible mark where the cursor is."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import show_example


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("▮", ("", 1, 1)),
        ("ab▮c", ("abc", 1, 3)),
        ("a\n  ▮\nb", ("a\n  \nb", 2, 3)),
    ],
)
def test_take_out_mark(text: str, expected: tuple[str, int, int]) -> None:
    assert show_example.take_out_mark(text) == expected


@pytest.mark.parametrize("text", ["", "▮▮"])
def test_take_out_mark_wants_one(text: str) -> None:
    with pytest.raises(ValueError, match="one ▮"):
        show_example.take_out_mark(text)


def test_the_example_of_the_project_is_python_with_a_mark() -> None:
    text, _, _ = show_example.take_out_mark(show_example.DEFAULT_EXAMPLE.read_text("utf-8"))
    assert text.startswith('"""')


def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.py"
    assert show_example.main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err
