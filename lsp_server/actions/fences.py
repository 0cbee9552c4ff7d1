"""Blocks of code in Markdown: fences that hold any text, and code out of a model's answer."""

from __future__ import annotations

import re

_BACKTICKS = re.compile("`+")
_OPENING = re.compile(r"^ {0,3}(?P<fence>`{3,})[^`\n]*$", re.MULTILINE)


def fence_for(*texts: str) -> str:
    """Return a fence longer than any run of backticks in the texts."""
    runs = [len(run) for text in texts for run in _BACKTICKS.findall(text)]
    return "`" * max(3, 1 + max(runs, default=0))


def fenced(text: str, language: str, fence: str) -> str:
    """Return a text as a block of code."""
    newline = "" if text.endswith("\n") else "\n"
    return f"{fence}{language}\n{text}{newline}{fence}\n"


def code_in(answer: str) -> str:
    """Return the first block of code that is not blank, without prose around it.

    A block that is not closed reaches to the end.  An answer without a block is code as a whole.
    """
    position = 0
    while (opening := _OPENING.search(answer, position)) is not None:
        start = min(opening.end() + 1, len(answer))
        closing = re.compile(rf"^ {{0,3}}{opening['fence']}`*[ \t]*$", re.MULTILINE)
        end = closing.search(answer, start)
        code = answer[start : end.start() if end else len(answer)]
        if code.strip():
            # A model that was given an opening fence may write one of its own.
            own = _OPENING.match(code.lstrip("\n"))
            is_again = own is not None and len(own["fence"]) >= len(opening["fence"])
            return code_in(code) if is_again else _trimmed(code)
        position = end.end() if end else len(answer)
    return "" if position else _trimmed(answer)


def _trimmed(code: str) -> str:
    return code.strip("\n").rstrip()
