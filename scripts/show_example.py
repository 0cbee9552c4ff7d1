"""Complete at the mark in an example file and show the result: the last step of `scripts/run`.

Usage: python scripts/show_example.py [FILE]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_EXAMPLE = ROOT / "examples" / "shopping.py"

#: Stands where the cursor is; it is taken out before the model sees the file.
CURSOR_MARK = "▮"


def take_out_mark(text: str) -> tuple[str, int, int]:
    """Return the text without its mark, and the mark's line and column from 1.

    Raises:
        ValueError: There is not exactly one mark.
    """
    if text.count(CURSOR_MARK) != 1:
        raise ValueError(f"it must hold one {CURSOR_MARK}, but holds {text.count(CURSOR_MARK)}")
    before, _, after = text.partition(CURSOR_MARK)
    line_start = before.rfind("\n") + 1
    return before + after, before.count("\n") + 1, len(before) - line_start + 1


def main(arguments: list[str]) -> int:
    """Show the completion; returns the exit status."""
    path = Path(arguments[0]) if arguments else DEFAULT_EXAMPLE
    try:
        text, line, column = take_out_mark(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"scripts/run: error: {path}: {error}", file=sys.stderr)
        return 2
    print(f"{path.name}, completed at line {line}, column {column}:\n", flush=True)
    # With its path relative to here, as the model is told it.
    command = [sys.executable, "-P", "-m", "lsp_server", "complete", "--show", "--path", str(path)]
    result = subprocess.run([*command, f"-:{line}:{column}"], input=text.encode(), check=False)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
