"""Rows of tokens for training: windows of files, some with a hole, packed without cutting any.

A row is filled sample by sample; each sample is made to fit the room that is left, so that a hole's
middle is never lost at a row's end. Everything follows from one seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from .collect import SourceFile
from .config import FimConfig
from .cross_file import CrossFile
from .fim import cut_hole
from .languages import path_comment
from .layout import choose_layout, encode_hole, encode_plain
from .tokenizer import Vocabulary

IGNORED_LABEL = -1

_MIN_SAMPLE_TOKENS = 96
_SHORTEST_FIM_TOKENS = 128
_OPEN_FILES = 200
_FULL_ROOM_RATE = 0.85
_FULL_CROSS_FILE_SHARE = 0.5
# A little under what the vocabulary reaches, so that few windows have to be trimmed.
_CHARS_PER_TOKEN = 2.9


@dataclass(slots=True)
class _OpenFile:
    file: SourceFile
    offset: int = 0


class WindowStream:
    """Windows of source in random order, each character once per pass over the files."""

    def __init__(self, files: Sequence[SourceFile], rng: Random) -> None:
        self._files = files
        self._rng = rng
        self._waiting: list[SourceFile] = []
        self._open: list[_OpenFile] = []

    def next_window(self, max_chars: int) -> tuple[SourceFile, str]:
        """A file and its next window, which ends with a whole line where one fits."""
        while len(self._open) < min(_OPEN_FILES, len(self._files)):
            self._open.append(_OpenFile(self._next_file()))
        idx = self._rng.randrange(len(self._open))
        current = self._open[idx]
        text, start = current.file.text, current.offset
        end = min(len(text), start + max_chars)
        if end < len(text):
            line_end = text.rfind("\n", start, end) + 1
            end = line_end if line_end > start else end
        current.offset = end
        if end >= len(text):
            self._open[idx] = _OpenFile(self._next_file())
        return current.file, text[start:end]

    def _next_file(self) -> SourceFile:
        if not self._waiting:
            self._waiting = list(self._files)
            self._rng.shuffle(self._waiting)
        return self._waiting.pop()


class RowPacker:
    """Turns windows into rows of token ids, `row_tokens + 1` long: input and shifted labels."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        vocabulary: Vocabulary,
        fim: FimConfig,
        rng: Random,
    ) -> None:
        self._windows = WindowStream(files, rng)
        self._cross_file = CrossFile(files)
        self._vocabulary = vocabulary
        self._fim = fim
        self._rng = rng

    def rows(self, num_rows: int, row_tokens: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Inputs and labels, both `[num_rows, row_tokens]`; padding has `IGNORED_LABEL`."""
        packed = [self._row(row_tokens + 1) for _ in range(num_rows)]
        ids = np.full((num_rows, row_tokens + 1), self._vocabulary.markers.end_of_text)
        labels = np.full((num_rows, row_tokens + 1), IGNORED_LABEL)
        for idx, row in enumerate(packed):
            ids[idx, : len(row)] = row
            labels[idx, : len(row)] = row
        return ids[:, :-1].astype(np.int64), labels[:, 1:].astype(np.int64)

    def _row(self, num_tokens: int) -> list[int]:
        row: list[int] = []
        while num_tokens - len(row) >= _MIN_SAMPLE_TOKENS:
            row += self._sample(num_tokens - len(row))
        return row

    def _sample(self, room: int) -> list[int]:
        """One sample of at most `room` tokens."""
        if self._rng.random() >= _FULL_ROOM_RATE:
            low, high = np.log(_MIN_SAMPLE_TOKENS), np.log(room)
            room = round(float(np.exp(self._rng.uniform(low, high))))
        file, window = self._windows.next_window(int(room * _CHARS_PER_TOKEN))
        head = self._head(file, room)
        has_hole = self._rng.random() < self._fim.rate and room >= _SHORTEST_FIM_TOKENS
        if has_hole and window.strip():
            hole = cut_hole(window, self._fim, self._rng)
            layout = choose_layout(hole, self._fim, self._rng)
            return encode_hole(hole, layout, head, room, self._vocabulary)
        return encode_plain(head, window, room, self._vocabulary)

    def _head(self, file: SourceFile, room: int) -> list[int]:
        """Tokens in front of the sample's text: other files, then the path."""
        encode, separator = self._vocabulary.encode, self._vocabulary.markers.file_separator
        head: list[int] = []
        wants_blocks = room >= self._fim.cross_file_min_tokens
        if wants_blocks and self._rng.random() < self._fim.cross_file_rate:
            for block in self._cross_file.blocks(file, self._rng):
                ids = [*encode(block), separator]
                if len(head) + len(ids) > room * _FULL_CROSS_FILE_SHARE:
                    break
                head += ids
        if head or self._rng.random() < self._fim.path_comment_rate:
            head += encode(path_comment(file.path))
        return head


def held_out_rows(
    files: Sequence[SourceFile], vocabulary: Vocabulary, row_tokens: int
) -> Iterator[list[int]]:
    """One row a file for measuring loss: the begin marker, then the file from its start."""
    for file in files:
        ids = vocabulary.encode(file.text)[: row_tokens - 1]
        yield [vocabulary.markers.begin_of_text, *ids]
