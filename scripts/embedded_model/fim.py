"""Where the hole goes: from a window of source to prefix, middle and suffix, by characters.

The mix follows what the server asks at inference. Its anchored layout ends the prefix at the start
of a line and forces what is typed since; so middles often begin with a line's indentation. They end
before a line feed, so that the model learns to stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .config import FimConfig


@dataclass(frozen=True, slots=True)
class Hole:
    """A window cut in three; joined in order they give the window back, a dropped suffix aside."""

    prefix: str
    middle: str
    suffix: str


def cut_hole(window: str, config: FimConfig, rng: Random) -> Hole:
    """Choose a hole in a window that has at least one line with text."""
    kinds: list[tuple[Callable[[str, FimConfig, Random], tuple[int, int]], float]] = [
        (_line, config.line_weight),
        (_lines, config.lines_weight),
        (_rest_of_line, config.rest_of_line_weight),
        (_rest_of_lines, config.rest_of_lines_weight),
        (_characters, config.characters_weight),
    ]
    choose = rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
    start, end = choose(window, config, rng)
    suffix = "" if rng.random() < config.empty_suffix_rate else window[end:]
    return Hole(window[:start], window[start:end], suffix)


def _line(window: str, _config: FimConfig, rng: Random) -> tuple[int, int]:
    """From the start of a line, indentation included, to its end."""
    start = _line_start(window, rng)
    return start, _line_end(window, start)


def _lines(window: str, config: FimConfig, rng: Random) -> tuple[int, int]:
    """From the start of a line to the end of its block or of a later line."""
    start = _line_start(window, rng)
    if rng.random() < 0.5:
        return start, _block_end(window, start, config.max_lines)
    return start, _later_line_end(window, start, rng.randint(2, config.max_lines))


def _rest_of_line(window: str, _config: FimConfig, rng: Random) -> tuple[int, int]:
    """From a place within a line to its end."""
    start = _place_in_line(window, _line_start(window, rng), rng)
    return start, _line_end(window, start)


def _rest_of_lines(window: str, config: FimConfig, rng: Random) -> tuple[int, int]:
    """From a place within a line to the end of a later one."""
    start = _place_in_line(window, _line_start(window, rng), rng)
    return start, _later_line_end(window, start, rng.randint(2, config.max_lines))


def _characters(window: str, config: FimConfig, rng: Random) -> tuple[int, int]:
    """Any run of characters, also none."""
    start = rng.randrange(len(window))
    return start, min(len(window), start + rng.randint(0, config.max_chars))


def _line_start(window: str, rng: Random) -> int:
    """The start of a line with text, later lines being likelier: prefixes are the longer part."""
    place = int(len(window) * rng.random() ** 0.5)
    start = window.rfind("\n", 0, place) + 1
    while start < len(window) and not window[start : _line_end(window, start)].strip():
        start = _line_end(window, start) + 1
    return start if start < len(window) else 0


def _place_in_line(window: str, start: int, rng: Random) -> int:
    """Just after the indentation of a line, or anywhere between there and its end."""
    line = window[start : _line_end(window, start)]
    indent = len(line) - len(line.lstrip())
    if rng.random() < 0.4:
        return start + indent
    return start + rng.randint(indent, len(line))


def _line_end(window: str, start: int) -> int:
    """Where the line feed of the line at `start` is, or the window's end."""
    end = window.find("\n", start)
    return len(window) if end < 0 else end


def _later_line_end(window: str, start: int, num_lines: int) -> int:
    """The end of the last of `num_lines` lines; blank lines at the end are left out."""
    end = start
    for _ in range(num_lines):
        if end >= len(window):
            break
        end = _line_end(window, end + 1)
    text = window[start:end].rstrip()
    return start + len(text) if text else _line_end(window, start)


def _block_end(window: str, start: int, max_lines: int) -> int:
    """The end of the lines that follow and are indented at least like the first one."""
    first = window[start : _line_end(window, start)]
    indent = first[: len(first) - len(first.lstrip())]
    end = _line_end(window, start)
    for _ in range(max_lines - 1):
        next_end = _line_end(window, min(end + 1, len(window)))
        line = window[end + 1 : next_end]
        if not line.strip() or not line.startswith(indent):
            break
        end = next_end
    return end
