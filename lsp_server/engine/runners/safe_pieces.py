"""Cut document text so that a model library can tokenise it without harm.  Pure.

Two things must not reach the library in one piece: the literal text of a marker, which it would
turn into the marker, and a run of thousands of characters without a break.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: llama.cpp matches some pre-tokenizers' patterns with `std::regex`, which recurses once per
#: character of a run: 30,000 letters without a break overflow a stack of 8 MiB and end the
#: process, and SentencePiece's merging is quadratic in such runs.
MAX_RUN_CHARS = 1_000

_LONG_RUN = re.compile(rf"\S{{{MAX_RUN_CHARS}}}(?=\S)|\s{{{MAX_RUN_CHARS}}}(?=\s)")
_NUM_OPENING_CHARS = 2


@dataclass(frozen=True, slots=True)
class LiteralFinder:
    """Finds where any of many literal texts begins, overlapping ones included.

    Attributes:
        texts: The literals, two characters or longer.
    """

    texts: frozenset[str]
    _openings: re.Pattern[str] | None = field(init=False, repr=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        assert all(len(text) >= _NUM_OPENING_CHARS for text in self.texts), "too short to be cut"
        # Thousands of literals share a few openings, such as "<u" and "[P"; where one of those
        # stands, a look into the set per length is cheaper than thousands of comparisons.
        openings = sorted({re.escape(text[:_NUM_OPENING_CHARS]) for text in self.texts})
        pattern = re.compile(f"(?={'|'.join(openings)})") if openings else None
        object.__setattr__(self, "_openings", pattern)
        object.__setattr__(self, "_lengths", tuple(sorted({len(text) for text in self.texts})))

    def starts(self, text: str) -> Iterator[int]:
        """Yield every offset of `text` at which a literal begins, in rising order."""
        if self._openings is None:
            return
        for opening in self._openings.finditer(text):
            start = opening.start()
            if any(text[start : start + length] in self.texts for length in self._lengths):
                yield start


def safe_pieces(text: str, literals: LiteralFinder) -> list[str]:
    """Cut `text` inside every literal, after its first character, and inside long runs.

    Returns:
        Pieces that are `text` when joined; mostly one, so that nothing else changes its tokens.
    """
    cuts = {start + 1 for start in literals.starts(text)}
    if len(text) > MAX_RUN_CHARS:
        cuts.update(run.end() for run in _LONG_RUN.finditer(text))
    if not cuts:
        return [text] if text else []
    edges = [0, *sorted(cuts), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges) if start < end]


def is_literal(text: str) -> bool:
    """Whether a special token's text is long enough to be broken up."""
    return len(text) >= _NUM_OPENING_CHARS


def is_marker_literal(text: str) -> bool:
    """Whether a special token's text may be a marker and has to be broken up in documents.

    White space and single characters are none: Gemma's runs of blanks and DeepSeek's `ü` are
    user-defined tokens, but they mean themselves, and models were trained to read them so.
    """
    return is_literal(text) and bool(text.replace("\u2581", " ").strip())


def utf8_bytes(text: str) -> bytes:
    """Return `text` in valid UTF-8, with U+FFFD for lone surrogates."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
