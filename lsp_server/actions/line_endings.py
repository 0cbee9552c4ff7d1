r"""A document with `\n` as its only line ending, and the way back to its own."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_LINE_BREAK_TO_CHANGE = re.compile(r"\r\n?")
_HALF_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PlainText:
    r"""A document as actions see it.

    Attributes:
        text: With `\n` line endings, and U+FFFD for half surrogates, which are no text.
        line_ending: The document's own, by its first line.
        pairs: Offsets in `text` of the line breaks that are `\r\n` in the document.
    """

    text: str
    line_ending: str
    pairs: tuple[int, ...]

    @classmethod
    def of(cls, document: str) -> PlainText:
        """Return the plain form of a document."""
        breaks = [found.span() for found in _LINE_BREAK.finditer(document)]
        first = document[slice(*breaks[0])] if breaks else "\n"
        pairs: list[int] = []
        for start, end in breaks:
            if end - start == 2:
                pairs.append(start - len(pairs))
        text = _HALF_SURROGATE.sub("\ufffd", _LINE_BREAK_TO_CHANGE.sub("\n", document))
        return cls(text, first, tuple(pairs))

    def offset_in_text(self, document_offset: int) -> int:
        """Return the offset in `text` of an offset in the document."""
        low, high = 0, len(self.pairs)
        while low < high:
            middle = (low + high) // 2
            # The second half of this pair stands at its offset plus the pairs before it, plus 1.
            if self.pairs[middle] + middle + 1 < document_offset:
                low = middle + 1
            else:
                high = middle
        return max(0, min(document_offset - low, len(self.text)))

    def offset_in_document(self, offset: int) -> int:
        """Return the offset in the document of an offset in `text`."""
        return offset + bisect_left(self.pairs, offset)

    def restored(self, text: str) -> str:
        """Return new text with the document's line ending."""
        return text.replace("\n", self.line_ending)
