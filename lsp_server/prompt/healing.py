"""Token healing: which end of the typed text the model should choose tokens for again.  Pure.

A tokenizer never stops in the middle of a word, so a model has hardly seen the tokens of half a
word.  The prompt therefore ends before the last piece that could still grow, and that piece is
forced on the answer as text.

Tokenizers first cut text into pieces by a pattern, and tokens never cross pieces.  The rules
follow the patterns of llama.cpp's pre-tokenizers (src/llama-vocab.cpp), which agree on this:

- letters form a piece, with the one blank before them;
- punctuation forms a piece, with the one blank before it, and `_` is punctuation;
- digits stand alone in the vocabularies of code models, so they need no healing;
- of a run of blanks the last one goes with what follows, so after indentation exactly one blank
  is forced; a line break belongs to what is before it, so after one nothing is forced.

`tests/prompt/test_healing_with_vocabularies.py` checks on real vocabularies how often the tokens
of what is kept are the tokens that the whole text begins with.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from lsp_server.models.fim_formats import FIM_FORMATS

#: Each forced token costs a decode step; a longer piece is no word and is left as it is.
MAX_FORCED_CHARS = 32
_BLANKS = " \t"


class Pieces(enum.Enum):
    """How a family's pre-tokenizer joins letters with the character before them."""

    BLANK_AND_LETTERS = "DeepSeek, StarCoder, SentencePiece: `.` and `name` are two pieces"
    MARK_AND_LETTERS = "Llama 3, Qwen: `.name` and `_name` are one piece"


@dataclass(frozen=True, slots=True)
class HealedText:
    """Typed text, cut in two.

    Attributes:
        kept: What stands in the prompt.
        forced: What the answer has to begin with.
    """

    kept: str
    forced: str


def pieces_of(fim_format: str) -> Pieces:
    """Return how the models of a format cut text; `fim_format` is a key of `FIM_FORMATS`."""
    if FIM_FORMATS[fim_format].joins_mark_and_letters:
        return Pieces.MARK_AND_LETTERS
    return Pieces.BLANK_AND_LETTERS


def heal(text: str, pieces: Pieces = Pieces.BLANK_AND_LETTERS) -> HealedText:
    """Cut the last piece that could still grow off `text`."""
    start = _last_piece_start(text, pieces)
    if len(text) - start > MAX_FORCED_CHARS:
        start = len(text)
    return HealedText(text[:start], text[start:])


def _last_piece_start(text: str, pieces: Pieces) -> int:
    end = len(text)
    if not text or text[-1] in _BLANKS:
        return max(0, end - 1)
    if text[-1].isalpha():
        start = _letters_start(text)
        if pieces is Pieces.MARK_AND_LETTERS and _stands_lone_mark_before(text, start):
            return start - 1
        return _with_blank(text, start)
    if _is_mark(text[-1]):
        return _with_blank(text, _marks_start(text))
    return end


def _letters_start(text: str) -> int:
    start = len(text)
    while start > 0 and text[start - 1].isalpha():
        start -= 1
    return start


def _marks_start(text: str) -> int:
    start = len(text)
    while start > 0 and _is_mark(text[start - 1]):
        start -= 1
    return start


def _with_blank(text: str, start: int) -> int:
    return start - 1 if start > 0 and text[start - 1] in _BLANKS else start


def _stands_lone_mark_before(text: str, start: int) -> bool:
    """Whether one mark stands before `start`, and no mark or blank that would claim it."""
    if start == 0 or not _is_mark(text[start - 1]):
        return False
    return start == 1 or not (_is_mark(text[start - 2]) or text[start - 2] in _BLANKS)


def _is_mark(char: str) -> bool:
    return not char.isalnum() and not char.isspace()
