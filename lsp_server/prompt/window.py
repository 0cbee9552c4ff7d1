"""Where the part of a document that a model sees begins and ends.  Pure.

Both edges move in steps: a new edge leaves room, and it stays where it is until the room is used
up.  So the beginning of the prompt stays the same over many re-anchors, and what the engine has
computed of it stays useful.
"""

from __future__ import annotations

from dataclasses import dataclass

#: A new edge takes this share of the window, so that the text may grow before it moves again.
_NEW_SHARE = 0.75
#: An edge that shows less than this share of the window moves outwards again.
_MIN_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class AnchorWindow:
    """How much of a document may be shown.

    Attributes:
        prefix_chars: Code points before the anchor.
        suffix_chars: Code points after the cursor.
    """

    prefix_chars: int
    suffix_chars: int

    def __post_init__(self) -> None:
        assert self.prefix_chars >= 0, f"prefix_chars is {self.prefix_chars}, not 0 or more"
        assert self.suffix_chars >= 0, f"suffix_chars is {self.suffix_chars}, not 0 or more"


def window_start(text: str, anchor: int, max_chars: int, previous: int | None) -> int:
    """Return where the prefix begins: at the start of a line, if lines are not too long.

    Args:
        text: The document.
        anchor: Where the prefix ends.
        max_chars: Its longest length.
        previous: Where it began last time, if that is known.
    """
    if anchor <= max_chars:
        return 0
    if previous is not None and max_chars * _MIN_SHARE <= anchor - previous <= max_chars:
        return previous
    earliest = anchor - int(max_chars * _NEW_SHARE)
    line_break = text.find("\n", max(0, earliest - 1), anchor)
    return earliest if line_break < 0 else line_break + 1


def window_end(text: str, start: int, max_chars: int, previous: int | None) -> int:
    """Return where the suffix ends: after a line break, if lines are not too long.

    Args:
        text: The document.
        start: Where the suffix begins.
        max_chars: Its longest length.
        previous: Where it ended last time, if that is known.
    """
    if len(text) - start <= max_chars:
        return len(text)
    if previous is not None and max_chars * _MIN_SHARE <= previous - start <= max_chars:
        return previous
    latest = start + int(max_chars * _NEW_SHARE)
    line_break = text.rfind("\n", start, latest)
    return latest if line_break < 0 else line_break + 1
