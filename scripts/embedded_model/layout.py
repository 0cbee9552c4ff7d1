"""How a hole's parts become tokens, in the orders that the server's prompts have.

Suffix first is the embedded model's own format (`bantam` in `lsp_server/models/fim_formats.py`):

    begin of text, other files and path, hole marker, suffix, begin marker, prefix, middle

so that the middle goes on where the prefix ends, which a small model learns soonest.  Prefix,
suffix, middle is DeepSeek-Coder's:

    begin of text, begin marker, other files and path, prefix, hole marker, suffix, end marker,
    tail (what was typed since the anchor), middle
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .config import FimConfig
from .fim import Hole
from .tokenizer import Vocabulary

MAX_TAIL_CHARS = 600
MAX_TAIL_LINES = 12
_EARLIER_LINE_RATE = 0.2


@dataclass(frozen=True, slots=True)
class Layout:
    """Choices for one sample.

    Attributes:
        is_suffix_first: The order; otherwise prefix, suffix, middle.
        num_tail_chars: How much of the prefix's end stands behind the end marker.
        is_split: The middle is tokenised apart from what stands before it.
    """

    is_suffix_first: bool = True
    num_tail_chars: int = 0
    is_split: bool = False


def choose_layout(hole: Hole, config: FimConfig, rng: Random) -> Layout:
    """Draw a layout for a hole."""
    is_split = rng.random() < config.split_share
    if rng.random() >= config.psm_share:
        return Layout(True, 0, is_split)
    if rng.random() >= config.anchored_share:
        return Layout(False, 0, is_split)
    num_lines = rng.randint(1, MAX_TAIL_LINES) if rng.random() < _EARLIER_LINE_RATE else 0
    return Layout(False, _num_tail_chars(hole.prefix, num_lines), is_split)


def encode_plain(head: list[int], text: str, max_tokens: int, vocabulary: Vocabulary) -> list[int]:
    """Left-to-right sample; the end marker is there only if all of the text is."""
    markers = vocabulary.markers
    ids = [markers.begin_of_text, *head, *vocabulary.encode(text), markers.end_of_text]
    return ids[:max_tokens]


def encode_hole(
    hole: Hole, layout: Layout, head: list[int], max_tokens: int, vocabulary: Vocabulary
) -> list[int]:
    """Sample with a hole, trimmed at the far ends of prefix and suffix to `max_tokens`.

    A middle too long for the room loses its end, and the end marker with it.
    """
    markers, encode = vocabulary.markers, vocabulary.encode
    anchor = len(hole.prefix) - layout.num_tail_chars
    text, tail = hole.prefix[:anchor], hole.prefix[anchor:]
    suffix = encode(hole.suffix)
    if layout.is_suffix_first:
        # What is joined is the last line, so that trimming the prefix does not reach the middle.
        line_start = text.rfind("\n") + 1
        text, tail = text[:line_start], text[line_start:]
    prefix = encode(text)
    joined = tail + hole.middle
    typed = [*encode(tail), *encode(hole.middle)] if layout.is_split else encode(joined)
    num_fixed = len(head) + len(typed) + 5
    excess = num_fixed + len(prefix) + len(suffix) - max_tokens
    if excess > 0:
        from_suffix = min(len(suffix), excess * len(suffix) // max(1, len(prefix) + len(suffix)))
        suffix = suffix[: len(suffix) - from_suffix]
        prefix = prefix[min(len(prefix), excess - from_suffix) :]
    if layout.is_suffix_first:
        ids = [*head, markers.fim_hole, *suffix, markers.fim_begin, *prefix]
    else:
        ids = [markers.fim_begin, *head, *prefix, markers.fim_hole, *suffix, markers.fim_end]
    return [markers.begin_of_text, *ids, *typed, markers.end_of_text][:max_tokens]


def _num_tail_chars(prefix: str, num_earlier_lines: int) -> int:
    """Characters from the start of the last line, or of one before it, to the prefix's end."""
    start = prefix.rfind("\n") + 1
    for _ in range(num_earlier_lines):
        if start == 0:
            break
        start = prefix.rfind("\n", 0, start - 1) + 1
    return min(len(prefix) - start, MAX_TAIL_CHARS)
