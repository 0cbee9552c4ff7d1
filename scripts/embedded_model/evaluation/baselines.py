"""What is reached without a network: word statistics of the training data, and copying.

Both write a line word by word.  The n-gram model takes the word that followed the longest known run
of words most often in the training data; copying takes what followed the longest run that stands
elsewhere in the same document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_ORDER = 5
MIN_COPIED_WORDS = 3
MAX_COPIED_WORDS = 16
MAX_LINE_WORDS = 48
_MIN_COUNT = 2

_WORDS = re.compile(r"\n[ \t]*|[A-Za-z_]\w*|\d+|[ \t]+|[^\w\s]|\s|\w")
_UNKNOWN = 0
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def split_words(text: str) -> list[str]:
    """Names, numbers, blanks and marks; a line break goes with the indentation behind it."""
    return _WORDS.findall(text)


@dataclass(frozen=True, slots=True)
class _Table:
    """Digests of runs of one length, sorted, and the word that follows each most often."""

    digests: NDArray[np.uint64]
    words: NDArray[np.int32]

    def next_word(self, digest: np.uint64) -> int | None:
        idx = int(np.searchsorted(self.digests, digest))
        if idx < len(self.digests) and self.digests[idx] == digest:
            return int(self.words[idx])
        return None


class NGramModel:
    """The likeliest next word after up to `MAX_ORDER - 1` words."""

    def __init__(self, texts: Iterable[str], max_words: int) -> None:
        """Count the words of texts until `max_words` are seen."""
        self._ids: dict[str, int] = {"": _UNKNOWN}
        ids: list[int] = []
        for text in texts:
            if len(ids) >= max_words:
                break
            ids += [self._ids.setdefault(word, len(self._ids)) for word in split_words(text)]
        self._words = list(self._ids)
        self._tables = [_count(np.array(ids), length) for length in range(1, MAX_ORDER)]

    def next_word(self, words: Sequence[str]) -> str | None:
        """The likeliest word, or None after words that were never seen."""
        ids = np.array([self._ids.get(word, _UNKNOWN) for word in words[-MAX_ORDER + 1 :]])
        for length in range(min(len(ids), MAX_ORDER - 1), 0, -1):
            found = self._tables[length - 1].next_word(_digests(ids[-length:], length)[0])
            if found is not None:
                return self._words[found]
        return None


def copied_word(words: Sequence[str], places: dict[str, list[int]]) -> str | None:
    """What followed the longest run of words, the latest one of several, or None.

    Args:
        words: the document up to where it goes on, behind what stands after it.
        places: where each word stands, in order.
    """
    best_place, best_length = -1, MIN_COPIED_WORDS - 1
    for place in reversed(places.get(words[-1], [])):
        if place >= len(words) - 1:
            continue
        length = 1
        while length < MAX_COPIED_WORDS and length <= place:
            if words[place - length] != words[-1 - length]:
                break
            length += 1
        if length > best_length:
            best_place, best_length = place, length
    return words[best_place + 1] if best_place >= 0 else None


class BaselineWriter:
    """Writes lines by copying, by word statistics, or by the first where it finds something."""

    def __init__(self, model: NGramModel | None, *, copies: bool) -> None:
        self._model = model
        self._copies = copies

    def write_line(self, before: str, after: str) -> str:
        """The rest of the line after `before`."""
        words = [*split_words(after), *split_words(before)]
        places: dict[str, list[int]] = {}
        for idx, word in enumerate(words):
            places.setdefault(word, []).append(idx)
        line: list[str] = []
        while len(line) < MAX_LINE_WORDS:
            found = self._next_word(words, places)
            if found is None or "\n" in found:
                break
            places.setdefault(found, []).append(len(words))
            words.append(found)
            line.append(found)
        return "".join(line)

    def _next_word(self, words: Sequence[str], places: dict[str, list[int]]) -> str | None:
        word = copied_word(words, places) if self._copies and words else None
        if word is None and self._model is not None:
            word = self._model.next_word(words)
        return word


def _count(ids: NDArray[np.int64], length: int) -> _Table:
    """The likeliest successor of every run of `length` words that is seen often enough."""
    digests = _digests(ids[:-1], length)
    successors = ids[length:].astype(np.uint64)
    order = np.lexsort((successors, digests))
    digests, successors = digests[order], successors[order]
    is_new = np.ones(len(digests), dtype=bool)
    is_new[1:] = (digests[1:] != digests[:-1]) | (successors[1:] != successors[:-1])
    starts = np.flatnonzero(is_new)
    counts = np.diff(np.append(starts, len(digests)))
    frequent = counts >= _MIN_COUNT
    starts, counts = starts[frequent], counts[frequent]
    best = np.lexsort((-counts, digests[starts]))
    kept = digests[starts][best]
    is_first = np.ones(len(kept), dtype=bool)
    is_first[1:] = kept[1:] != kept[:-1]
    return _Table(kept[is_first], successors[starts][best][is_first].astype(np.int32))


def _digests(ids: NDArray[np.int64], length: int) -> NDArray[np.uint64]:
    """One number for each run of `length` ids."""
    num_runs = len(ids) - length + 1
    digests = np.zeros(num_runs, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for offset in range(length):
            digests = (digests ^ ids[offset : offset + num_runs].astype(np.uint64)) * _MULTIPLIER
            digests ^= digests >> np.uint64(29)
    return digests
