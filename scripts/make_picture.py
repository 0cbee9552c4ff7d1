"""Draw docs/images/terminal.svg: what `scripts/run` really prints on a terminal, as a picture.

Usage: .venv/bin/python scripts/make_picture.py
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
_NUM_COLUMNS = 84

#: Rich's pictures fetch a font from the network; the reader's own will do.
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def terminal_output() -> str:
    """Return what the example prints, with colours.

    Raises:
        CalledProcessError: It failed.
    """
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "show_example.py")],
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(_NUM_COLUMNS)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return result.stdout.decode()


def picture_of(output: str, *, title: str = "Bantam", command: str | None = None) -> str:
    """Return a picture of a terminal as SVG; the same output gives the same picture."""
    console = Console(
        record=True,
        width=_NUM_COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        legacy_windows=False,
    )
    if command is not None:
        console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(output.rstrip()))
    svg = console.export_svg(title=title, theme=MONOKAI, unique_id="bantam")
    return _FONT_FACE.sub("", svg)


if __name__ == "__main__":
    PICTURE.write_text(picture_of(terminal_output(), command="scripts/run"), encoding="utf-8")
    print(PICTURE)
