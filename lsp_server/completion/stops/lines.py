"""The lines of a text that is still being written, with where they begin."""

from __future__ import annotations

from collections.abc import Iterator


def complete_lines_after_first(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line below the first that has ended, with the offset of the newline before it.

    The first line continues the cursor's line, so that no rule about whole lines fits it.
    """
    newline = text.find("\n")
    while newline >= 0:
        end = text.find("\n", newline + 1)
        if end >= 0:
            yield newline, text[newline + 1 : end]
        newline = end
